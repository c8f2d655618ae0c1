package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WeightedStrategyTest {
  private final StrategyCatalog catalog = StrategyCatalog.standard();

  private RoutingStrategy find(String spec) {
    return Objects.requireNonNull(catalog.find(spec), spec);
  }

  private static TestView cachedOrIdle() {
    // The first holds the prompt and is busy, the second holds half of it and is half as busy.
    var view = new TestView(10, 5, 0);
    view.matched[0] = 8;
    view.matched[1] = 4;
    return view;
  }

  @Test
  void theWeightsDecide() {
    var view = cachedOrIdle();

    assertThat(view.picks(find("prefix-cache:2,least-request:1"), 50)).containsExactly(50, 0, 0);
    assertThat(view.picks(find("prefix-cache:1,least-request:2"), 50)).containsExactly(0, 0, 50);
  }

  @Test
  void aMemberInTheMiddleOfBothWinsOverTheExtremesOnlyIfItIsBetterThanTheLine() {
    var view = cachedOrIdle();
    view.matched[1] = 6;

    assertThat(view.picks(find("prefix-cache,least-request"), 50)).containsExactly(0, 50, 0);
  }

  @Test
  void aMatchWhereTooMuchIsInFlightDoesNotCount() {
    var view = new TestView(40, 1, 0);
    view.matched[0] = 8;

    assertThat(view.picks(find("prefix-cache:2,least-request:1"), 50)).containsExactly(0, 0, 50);
  }

  @Test
  void weightZeroLeavesAMemberOut() {
    var view = cachedOrIdle();

    assertThat(view.picks(find("prefix-cache:0,least-request"), 50)).containsExactly(0, 0, 50);
    assertThat(find("prefix-cache:0,least-request").needsPrompt()).isFalse();
    assertThat(find("prefix-cache:3,least-request").needsPrompt()).isTrue();
    assertThat(find("session-affinity,least-request").usesSession()).isTrue();
    assertThat(find("vtc-basic,least-request").needsBody()).isTrue();
  }

  @Test
  void equalTotalsAreDecidedByRequestsInFlightThenChance() {
    var view = new TestView(4, 2, 2, 9);
    int[] picks = view.picks(find("least-busy-time,throughput:3"), 2_000);

    assertThat(picks[0] + picks[3]).isZero();
    assertThat(ChiSquare.statistic(new int[] {picks[1], picks[2]})).isLessThan(ChiSquare.limit(2));
    assertThat(view.unknown)
        .containsEntry("least-busy-time", 8_000)
        .containsEntry("throughput", 8_000);
  }

  @Test
  void aMemberThatIsNotKnownCountsAsTheMean() {
    var view = new TestView(0, 0, 0);
    view.busy[0] = 0.9;
    view.busy[1] = 0.1;
    view.latency[0] = 1;
    view.latency[1] = 1.2;
    view.latency[2] = 1.01;

    assertThat(view.picks(find("least-latency:2,least-busy-time:1"), 50))
        .as("0 + 1/3, 2/3 + 0, and about 0.03 + 1/6")
        .containsExactly(0, 0, 50);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "prefix-cache:2,least-request:1",
        " prefix-cache : 2 , least-request ",
        "least-request:1000000",
        "least-kv-cache,least-gpu-cache:0"
      })
  void whatSpellsACombinationIsKnown(String spec) {
    assertThat(catalog.isKnown(spec)).isTrue();
    assertThat(find(spec).name()).isEqualTo("weighted");
    assertThat(find(spec)).isSameAs(find(spec));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        ":",
        ":1",
        "least-request,",
        "least-request:",
        "least-request:-1",
        "least-request:+1",
        "least-request:1.5",
        "least-request:1000001",
        "least-request:99999999999",
        "least-request:1:2",
        "least-request:0",
        "random:1,least-request:2",
        "power-of-two,least-request",
        "least-request,slo",
        "slo,least-request",
        "least-request,weighted",
        "Least-Request:1"
      })
  void anythingElseIsNot(String spec) {
    assertThat(catalog.find(spec)).isNull();
    assertThat(catalog.find(spec)).isNull();
  }

  private static @Nullable String nullIfEmpty(String text) {
    return text.isEmpty() ? null : text;
  }

  @Test
  void clientsCannotFillTheMemory() {
    BoundedCache<String> cache = new BoundedCache<>(WeightedStrategyTest::nullIfEmpty);
    for (int i = 0; i < 10_000; i++) {
      assertThat(cache.get("text " + i)).isEqualTo("text " + i);
      assertThat(cache.size()).isLessThanOrEqualTo(256);
    }
    assertThat(cache.get("")).isNull();
    assertThat(catalog.find("least-request,".repeat(100) + "least-request")).isNull();
  }
}
