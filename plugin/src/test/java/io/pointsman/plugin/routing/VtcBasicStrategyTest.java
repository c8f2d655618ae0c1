package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.pointsman.plugin.endpoint.HandClock;
import io.pointsman.plugin.prompt.Api;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class VtcBasicStrategyTest {
  private final UserTokens tokens = new UserTokens(new HandClock());
  private final VtcBasicStrategy strategy = new VtcBasicStrategy(tokens);

  private static RequestView of(@Nullable String user) {
    return new RequestView("m", Requests.body(400, -1), null, user, 0);
  }

  @Test
  void usersAreLinedUpByTheirTokens() {
    tokens.add("light", 100);
    tokens.add("middle", 10_000);
    tokens.add("heavy", 20_000);
    var view = new TestView(0, 0, 0, 0, 0);

    assertThat(view.picks(strategy, of("light"), 50)).containsExactly(50, 0, 0, 0, 0);
    assertThat(view.picks(strategy, of("new"), 50)).containsExactly(50, 0, 0, 0, 0);
    assertThat(view.picks(strategy, of("middle"), 50)).containsExactly(0, 0, 50, 0, 0);
    assertThat(view.picks(strategy, of("heavy"), 50)).containsExactly(0, 0, 0, 0, 50);
  }

  @Test
  void aCrowdedPlaceSpillsOver() {
    tokens.add("light", 100);
    tokens.add("heavy", 20_000);
    var view = new TestView(0, 0, 90);

    assertThat(view.picks(strategy, of("heavy"), 50)).containsExactly(0, 50, 0);
  }

  @Test
  void usersWhoAreAlikeAreNotToldApart() {
    tokens.add("a", 20_000);
    tokens.add("b", 20_000);
    var view = new TestView(3, 1, 2);

    assertThat(view.picks(strategy, of("a"), 50)).containsExactly(0, 50, 0);
  }

  @Test
  void aRequestOfNobodyGoesWhereTheFewestAreInFlight() {
    tokens.add("light", 100);
    tokens.add("heavy", 20_000);

    assertThat(new TestView(3, 1, 2).picks(strategy, of(null), 50)).containsExactly(0, 50, 0);
  }

  @Test
  void aPickIsChargedByTheEstimateOfInputAndOutput() {
    strategy.picked(of("a"));
    // 100 tokens in, 150 out, which count twice.
    assertThat(tokens.of("a")).isCloseTo(400, within(0.5));

    strategy.picked(new RequestView("m", Requests.body(400, 10), null, "b", 0));
    assertThat(tokens.of("b")).isCloseTo(120, within(0.5));

    strategy.picked(of(null));
    assertThat(tokens.most()).isCloseTo(400, within(0.5));
  }

  @Test
  void ofTwoLimitsTheLargerOneCounts() {
    String chat =
        "{\"model\":\"m\",\"max_tokens\":1,\"max_completion_tokens\":10,\"messages\":"
            + "[{\"role\":\"user\",\"content\":\"%s\"}]}";
    var body = Requests.read(Api.CHAT_COMPLETIONS, chat.formatted("x".repeat(396)));

    strategy.picked(new RequestView("m", body, null, "a", 0));

    // 100 tokens in, one of them the role, and 10 out, which count twice.
    assertThat(tokens.of("a")).isCloseTo(120, within(0.5));
  }

  @Test
  void theBodyIsNeededButNotWhatIsCached() {
    assertThat(strategy.needsBody()).isTrue();
    assertThat(strategy.needsPrompt()).isFalse();
  }
}
