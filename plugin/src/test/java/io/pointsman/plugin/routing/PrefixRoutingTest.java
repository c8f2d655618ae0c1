package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Decision.Routed;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Router, strategy, reader and block map together. */
class PrefixRoutingTest {
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
  private final Router router =
      new Router(
          registry::pools,
          StrategyCatalog.standard(),
          new RoutingSettings("prefix-cache", Duration.ZERO, false),
          prefixes);

  PrefixRoutingTest() {
    registry.apply(TestTopologies.model("m", 8));
  }

  @AfterEach
  void close() {
    prefixes.close();
    registry.close();
  }

  private Reservation route(String prompt) {
    byte[] body =
        ("{\"model\":\"m\",\"prompt\":\"" + prompt + "\"}").getBytes(StandardCharsets.UTF_8);
    var request =
        (ParsedRequest) new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
    Decision decision = router.route(new RouteRequest("m", Requests.headers(null, null), request));
    return ((Routed) decision).reservation();
  }

  private Reservation routeTo(String model, String prompt) {
    byte[] body =
        ("{\"model\":\"" + model + "\",\"prompt\":\"" + prompt + "\"}")
            .getBytes(StandardCharsets.UTF_8);
    var request =
        (ParsedRequest) new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
    Decision decision =
        router.route(new RouteRequest(model, Requests.headers(null, null), request));
    return ((Routed) decision).reservation();
  }

  private Reservation route(String profile, String prompt) {
    byte[] body =
        ("{\"model\":\"m\",\"prompt\":\"" + prompt + "\"}").getBytes(StandardCharsets.UTF_8);
    var request =
        (ParsedRequest) new RequestReader().read(Api.COMPLETIONS, null, body, 0, body.length, true);
    Decision decision =
        router.route(new RouteRequest("m", Requests.headers(null, profile), request));
    return ((Routed) decision).reservation();
  }

  private static Profile blocks(String name, @Nullable Integer bytes, @Nullable Integer minMatch) {
    return new Profile(
        name,
        null,
        Profile.Hints.NONE,
        Profile.Limits.NONE,
        Profile.Prefill.NONE,
        new Profile.PrefixCache(bytes, minMatch, null, null, null, null),
        null);
  }

  @Test
  void aProfilesBlockSizeIsItsOwnAndSharesNothingWithOthers() {
    var profiles = Map.of("fine", blocks("fine", 16, null), "usual", blocks("usual", null, null));
    registry.apply(TestTopologies.model("m", new ModelConfig(null, "usual", profiles), 8));
    int apart = 0;
    for (int i = 0; i < 60; i++) {
      String shared = "prompt " + i + " of sixty-two bytes, that is less than one usual block";
      Reservation first = route("fine", shared);
      first.release();
      Reservation again = route("fine", shared + " and goes on");
      again.release();
      assertThat(again.endpoint()).as("prompt %s", i).isSameAs(first.endpoint());
      Reservation usual = route("usual", shared.repeat(4));
      usual.release();
      apart += usual.endpoint() == first.endpoint() ? 0 : 1;
    }
    assertThat(apart).as("not followed, so chance decides").isGreaterThan(30);
    assertThat(meters.get("pointsman.prefix.matched").counter().count() % 16).isZero();
  }

  @Test
  void aProfilesShortestMatchCounts() {
    var strict = Map.of("strict", blocks("strict", 16, 1_000));
    registry.apply(TestTopologies.model("m", new ModelConfig(null, "strict", strict), 8));
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      Reservation reservation = route("strict", text("the same"));
      used.add(reservation.endpoint());
      reservation.release();
    }
    assertThat(used).hasSizeGreaterThan(5);
  }

  private static EndpointSpec pod(int i, String container, String... adapters) {
    EndpointSpec pod = TestTopologies.endpoint(i, true);
    return new EndpointSpec(
        pod.key(),
        pod.name(),
        pod.address(),
        true,
        null,
        pod.role(),
        Map.of(),
        container,
        List.of(adapters));
  }

  @Test
  void aRestartedContainerKeepsItsCountsAndLosesItsBlocks() {
    registry.apply(TestTopologies.model("m", pod(0, "c-1"), pod(1, "c-1"), pod(2, "c-1")));
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      String story = text("story " + i);
      Reservation first = route(story);
      first.release();
      Reservation held = route(story);
      assertThat(held.endpoint()).isSameAs(first.endpoint());
      String container = "c-" + (i + 2);
      registry.apply(
          TestTopologies.model("m", pod(0, container), pod(1, container), pod(2, container)));
      assertThat(held.endpoint().inFlight()).isEqualTo(1);
      held.release();
      Reservation afterwards = route(story);
      afterwards.release();
      if (afterwards.endpoint() != first.endpoint()) {
        used.add(afterwards.endpoint());
      }
      assertThat(Objects.requireNonNull(registry.pools().find("m")).all())
          .contains(first.endpoint());
    }
    assertThat(used).as("nobody holds it, so chance decides").hasSize(3);
  }

  @Test
  void anAdapterAndItsBaseModelLearnNothingFromEachOther() {
    var pods = new ArrayList<EndpointSpec>();
    for (int i = 0; i < 8; i++) {
      pods.add(pod(i, "", "sql"));
    }
    registry.apply(TestTopologies.model("m", pods.toArray(EndpointSpec[]::new)));
    int apart = 0;
    for (int i = 0; i < 60; i++) {
      Reservation base = route(text("story " + i));
      base.release();
      Reservation adapted = routeTo("sql", text("story " + i));
      adapted.release();
      Reservation again = routeTo("sql", text("story " + i));
      again.release();
      assertThat(again.endpoint()).as("story %s", i).isSameAs(adapted.endpoint());
      apart += base.endpoint() == adapted.endpoint() ? 0 : 1;
    }
    assertThat(apart).isGreaterThan(30);
  }

  private static String text(String topic) {
    return (topic + " is a long story. ").repeat(40);
  }

  @Test
  void aPromptFollowsTheOneThatBeganAlike() {
    for (int i = 0; i < 50; i++) {
      Reservation first = route(text("story " + i));
      first.release();
      Reservation second = route(text("story " + i) + "And then?");
      second.release();
      assertThat(second.endpoint()).as("story %s", i).isSameAs(first.endpoint());
    }
    assertThat(meters.get("pointsman.prefix.matched").counter().count()).isPositive();
  }

  @Test
  void differentPromptsAreSpread() {
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < 100; i++) {
      Reservation reservation = route(text("story " + i));
      used.add(reservation.endpoint());
      reservation.release();
    }
    assertThat(used).hasSize(8);
  }

  @Test
  void aHotPromptLeavesNoEndpointAboveTheGate() {
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < 400; i++) {
      used.add(route(text("the same")).endpoint());
    }
    assertThat(used).hasSize(8);
    int most = used.stream().mapToInt(Endpoint::inFlight).max().orElseThrow();
    int least = used.stream().mapToInt(Endpoint::inFlight).min().orElseThrow();
    assertThat(most - least).isLessThanOrEqualTo(PrefixCacheRules.DEFAULTS.spread() + 1);
    assertThat(meters.get("pointsman.prefix.gate.overrides").counter().count()).isPositive();
  }

  @Test
  void aRefusedRequestLeavesNoTrace() {
    Set<Endpoint> used = new HashSet<>();
    for (int i = 0; i < 200; i++) {
      Reservation reservation = route(text("refused"));
      used.add(reservation.endpoint());
      reservation.refused();
      reservation.release();
    }
    assertThat(used).as("nobody holds it, so chance decides each time").hasSizeGreaterThan(5);
  }

  @Test
  void anEndpointThatIsGoneIsNotFollowedAndTheOthersAre() {
    Reservation first = route(text("story"));
    first.release();
    registry.apply(TestTopologies.model("m", 0));
    registry.apply(TestTopologies.model("m", 8));
    Reservation second = route(text("story"));
    second.release();
    Reservation third = route(text("story"));
    third.release();
    assertThat(third.endpoint()).isSameAs(second.endpoint());
  }
}
