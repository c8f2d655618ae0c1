package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Outcome;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.routing.Decision.Routed;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PdStrategyTest {
  private static final Disaggregation SHORT = new Disaggregation(0, 100, false, null, 8998);
  private static final Disaggregation LONG = new Disaggregation(101, 0, false, null, 8998);
  private static final Disaggregation WHOLE = new Disaggregation(0, 0, true, null, 8998);

  private final EndpointRegistry registry =
      new EndpointRegistry(HealthSettings.DEFAULTS, new SimpleMeterRegistry());
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, new SimpleMeterRegistry());
  private final Router router =
      new Router(
          registry::pools,
          StrategyCatalog.standard(),
          new RoutingSettings("pd", Duration.ZERO, true, 0),
          prefixes);
  private final List<EndpointSpec> pods = new ArrayList<>();

  @AfterEach
  void close() {
    prefixes.close();
    registry.close();
  }

  @Test
  void bothPodsAreOfOneRolesetAndReservedTogether() {
    for (String roleset : List.of("a", "b", "c")) {
      add(roleset, Role.PREFILL, Disaggregation.DEFAULT);
      add(roleset, Role.DECODE, Disaggregation.DEFAULT);
    }
    apply("vllm", null);

    Set<String> used = new HashSet<>();
    for (int i = 0; i < 60; i++) {
      Routed routed = route();
      Reservation prefill = prefill(routed);
      Endpoint decode = routed.reservation().endpoint();
      assertThat(decode.role()).isEqualTo(Role.DECODE);
      assertThat(prefill.endpoint().role()).isEqualTo(Role.PREFILL);
      assertThat(prefill.endpoint().roleset()).isEqualTo(decode.roleset());
      used.add(String.valueOf(decode.roleset()));
    }

    assertThat(used).containsExactlyInAnyOrder("a", "b", "c");
    assertThat(loads()).containsOnly(20);
  }

  @Test
  void eachHalfIsReleasedForItselfAndOnce() {
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    apply("vllm", null);
    Routed routed = route();

    prefill(routed).release();
    prefill(routed).release();
    assertThat(loads()).containsExactly(0, 1);
    routed.reservation().release();
    assertThat(loads()).containsExactly(0, 0);
  }

  @Test
  void aRolesetWithoutItsOtherHalfIsNotPicked() {
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("b", Role.DECODE, Disaggregation.DEFAULT);
    apply("sglang", null);
    assertThat(router.route(request(400))).isInstanceOf(Decision.NothingFits.class);
    apply("vllm", new Profile.Prefill(null, null, false, null, null, "fail", null));
    assertThat(router.route(request(400))).isInstanceOf(Decision.NothingFits.class);

    add("c", Role.PREFILL, Disaggregation.DEFAULT);
    add("c", Role.DECODE, Disaggregation.DEFAULT);
    apply("vllm", null);
    for (int i = 0; i < 20; i++) {
      assertThat(route().reservation().endpoint().roleset()).isEqualTo("c");
    }
  }

  @Test
  void aDecodePodWithoutPrefillPodsServesAloneWhereItMay() {
    add("a", Role.PREFILL, SHORT);
    add("b", Role.DECODE, SHORT);
    apply("vllm", null);

    Routed routed = (Routed) router.route(request(200));

    PrefillPlan plan = Objects.requireNonNull(routed.prefill());
    assertThat(routed.reservation().endpoint().roleset()).isEqualTo("b");
    assertThat(plan.first()).isNull();
    assertThat(plan.isLacking()).isTrue();
    assertThat(plan.isSkipped()).isFalse();
    assertThat(router.route(request(800))).isInstanceOf(Decision.NothingFits.class);
    apply("vllm", new Profile.Prefill(null, null, false, null, null, "decode-only", null));
    assertThat(decode(router.route(request(200)))).isEqualTo("b");
  }

  @Test
  void promptsGoToRolesetsOfTheirLength() {
    add("short", Role.PREFILL, SHORT);
    add("short", Role.DECODE, SHORT);
    add("long", Role.PREFILL, LONG);
    add("long", Role.DECODE, LONG);
    apply("vllm", null);

    for (int i = 0; i < 20; i++) {
      assertThat(decode(router.route(request(200)))).isEqualTo("short");
      assertThat(decode(router.route(request(800)))).isEqualTo("long");
    }
  }

  @Test
  void anEmptyBucketIsLeftToPodsThatServeWholeRequests() {
    add("short", Role.PREFILL, SHORT);
    add("short", Role.DECODE, SHORT);
    EndpointSpec whole = add("short", Role.COMBINED, WHOLE);
    add("short", Role.COMBINED, Disaggregation.DEFAULT);
    apply("vllm", null);

    Routed routed = (Routed) router.route(request(800));

    assertThat(routed.reservation().endpoint().name()).isEqualTo(whole.name());
    PrefillPlan plan = Objects.requireNonNull(routed.prefill());
    assertThat(plan.first()).isNull();
    assertThat(plan.isSkipped()).isFalse();
  }

  @Test
  void theProfileSaysWhatBecomesOfAnEmptyBucket() {
    add("short", Role.PREFILL, SHORT);
    add("short", Role.DECODE, SHORT);
    apply("vllm", null);
    assertThat(router.route(request(800))).isInstanceOf(Decision.NothingFits.class);

    apply("vllm", new Profile.Prefill(null, null, false, null, null, null, "any"));
    assertThat(decode(router.route(request(800)))).isEqualTo("short");

    add("short", Role.COMBINED, WHOLE);
    apply("vllm", new Profile.Prefill(null, null, false, null, null, null, "fail"));
    assertThat(router.route(request(800))).isInstanceOf(Decision.NothingFits.class);
  }

  @Test
  void aModelWithoutRolesetsIsServedWhole() {
    add(null, Role.COMBINED, Disaggregation.DEFAULT);
    apply("vllm", null);

    assertThat(route().reservation().endpoint().role()).isEqualTo(Role.COMBINED);
  }

  @Test
  void aPromptFollowsItsPrefixToThePrefillPod() {
    for (int i = 0; i < 4; i++) {
      add("a", Role.PREFILL, Disaggregation.DEFAULT);
    }
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    apply("sglang", null);
    RouteRequest same = request(4000);
    Endpoint first = prefill((Routed) router.route(same)).endpoint();

    for (int i = 0; i < 10; i++) {
      assertThat(prefill((Routed) router.route(same)).endpoint()).isSameAs(first);
    }
  }

  @Test
  void aPodThatIsFarAboveTheOthersLosesItsPrefix() {
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    apply("sglang", null);
    RouteRequest same = request(4000);
    Endpoint first = prefill((Routed) router.route(same)).endpoint();
    for (int i = 0; i < 16; i++) {
      first.reserve();
    }

    assertThat(prefill((Routed) router.route(same)).endpoint()).isNotSameAs(first);
  }

  @Test
  void underLeastRequestThePrefixIsOfNoAccount() {
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    apply("sglang", new Profile.Prefill(null, null, false, "least_request", null, null, null));
    RouteRequest same = request(4000);

    for (int i = 0; i < 20; i++) {
      router.route(same);
    }

    assertThat(loads()).containsExactly(10, 10, 20);
  }

  @Test
  void aDecodePodThatHoldsThePromptDoesWithoutAPrefill() {
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    apply("vllm", null);
    RouteRequest same = request(4000);
    prefill((Routed) router.route(same));

    PrefillPlan again = Objects.requireNonNull(((Routed) router.route(same)).prefill());

    assertThat(again.first()).isNull();
    assertThat(again.isSkipped()).isTrue();
    assertThat(loads()).containsExactly(1, 2);
  }

  @Test
  void anotherPrefillPodIsOneThatWasNotTried() {
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    add("b", Role.PREFILL, Disaggregation.DEFAULT);
    apply("vllm", null);
    Routed routed = route();
    PrefillPlan plan = Objects.requireNonNull(routed.prefill());
    Set<Endpoint> tried = new HashSet<>();
    tried.add(prefill(routed).endpoint());

    Reservation second = Objects.requireNonNull(plan.another(tried));
    tried.add(second.endpoint());

    assertThat(tried).hasSize(2).allMatch(endpoint -> "a".equals(endpoint.roleset()));
    assertThat(second.endpoint().inFlight()).isOne();
    assertThat(plan.another(tried)).isNull();
  }

  /** The way back for one that was set aside: in its own role, with the other half beside it. */
  @Test
  void aPrefillPodInProbationIsTriedAsOne() {
    var clock = new AtomicLong();
    var onTrial =
        new EndpointRegistry(
            HealthSettings.DEFAULTS, new SimpleMeterRegistry(), clock::get, () -> 0L);
    var routing =
        new Router(
            onTrial::pools,
            StrategyCatalog.standard(),
            new RoutingSettings("pd", Duration.ZERO, true),
            prefixes,
            Random::new,
            clock::get);
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.PREFILL, Disaggregation.DEFAULT);
    add("a", Role.DECODE, Disaggregation.DEFAULT);
    onTrial.apply(new Topology(List.of(new ModelSpec("m", "vllm", pods, ModelConfig.NONE))));
    Endpoint failing = onTrial.pools().all().iterator().next().all().get(0);
    for (int i = 0; i < HealthSettings.DEFAULTS.consecutiveFailures(); i++) {
      onTrial.report(failing, Outcome.UNAVAILABLE);
    }
    await().until(() -> onTrial.pools().all().iterator().next().candidates().size() == 2);
    assertThat(prefill((Routed) routing.route(request(40))).endpoint()).isNotSameAs(failing);

    clock.addAndGet(HealthSettings.DEFAULTS.maxTime().toNanos());
    onTrial.apply(new Topology(List.of(new ModelSpec("m", "vllm", pods, ModelConfig.NONE))));
    Routed tried = (Routed) routing.route(request(40));

    assertThat(prefill(tried).endpoint()).isSameAs(failing);
    assertThat(prefill(tried).isTrial()).isTrue();
    assertThat(tried.reservation().isTrial()).isFalse();
    assertThat(tried.reservation().endpoint().role()).isEqualTo(Role.DECODE);
    onTrial.close();
  }

  @Test
  void inACombinationItDecidesAlone() {
    StrategyCatalog catalog = StrategyCatalog.standard();

    assertThat(catalog.find("least-request:2,pd")).isInstanceOf(PdStrategy.class);
    assertThat(catalog.find("pd:0,least-request")).isInstanceOf(WeightedStrategy.class);
    assertThat(catalog.find("pd,nonsense")).isNull();
  }

  private EndpointSpec add(@Nullable String roleset, Role role, Disaggregation says) {
    String address = "10.0.0." + (pods.size() + 1) + ":8000";
    var pod =
        new EndpointSpec(
                new EndpointKey(address, 0), "p" + pods.size(), address, true, roleset, role)
            .with(says);
    pods.add(pod);
    return pod;
  }

  private void apply(String engine, Profile.@Nullable Prefill policies) {
    ModelConfig config = ModelConfig.NONE;
    if (policies != null) {
      var profile =
          new Profile(
              "default",
              null,
              Profile.Hints.NONE,
              Profile.Limits.NONE,
              policies,
              Profile.PrefixCache.NONE,
              null);
      config = new ModelConfig(null, "default", Map.of("default", profile));
    }
    registry.apply(new Topology(List.of(new ModelSpec("m", engine, pods, config))));
  }

  /** A request whose prompt is too short to be remembered. */
  private Routed route() {
    return (Routed) router.route(request(40));
  }

  private RouteRequest request(int bytes) {
    return new RouteRequest("m", Requests.headers(null, null), Requests.body(bytes, 10));
  }

  private static String decode(Decision decision) {
    return String.valueOf(((Routed) decision).reservation().endpoint().roleset());
  }

  private static Reservation prefill(Routed routed) {
    return Objects.requireNonNull(Objects.requireNonNull(routed.prefill()).first());
  }

  private List<Integer> loads() {
    List<Integer> loads = new ArrayList<>();
    registry.pools().all().iterator().next().all().forEach(pod -> loads.add(pod.inFlight()));
    return loads;
  }
}
