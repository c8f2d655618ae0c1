package io.pointsman.xds.gateway;

import static io.pointsman.xds.policy.PolicyKind.BACKEND_TRAFFIC;
import static io.pointsman.xds.policy.PolicyKind.CLIENT_TRAFFIC;
import static io.pointsman.xds.policy.PolicyKind.EXTENSION;
import static io.pointsman.xds.policy.PolicyKind.PATCH;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.api.model.apps.DeploymentBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.policy.PolicyKind;
import io.pointsman.xds.settings.Settings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The controller over HTTP against fabric8's mock API server with a simple server-side apply; a
 * real API server cannot run here. {@link ApplyingDispatcher} says what a real one adds.
 */
class GatewayPoliciesTest {
  private static final String NAME = "pointsman";
  private static final LeaseName LEASE = new LeaseName("default", "pointsman");

  @TempDir private Path folder;
  private Cluster cluster;
  private KubernetesClient client;
  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();

  @BeforeEach
  void start() throws Exception {
    cluster = new Cluster(folder);
    client = cluster.controllerClient();
  }

  @AfterEach
  void stop() {
    client.close();
    cluster.close();
  }

  private static Settings settings(String text) throws ConfigException {
    return Settings.parse("s.yaml", text);
  }

  private GatewayPolicies keep(String text) throws ConfigException {
    return GatewayPolicies.start(client, settings(text), null, "one", registry);
  }

  private void untilInForce(GatewayPolicies policies, int count) {
    await()
        .untilAsserted(
            () ->
                assertThat(policies.report().lines().filter(line -> line.endsWith(": in force")))
                    .hasSize(count));
  }

  private static List<String> patches(PolicyKind... kinds) {
    return java.util.Arrays.stream(kinds)
        .map(kind -> "PATCH " + kind.plural() + "/" + NAME)
        .toList();
  }

  private static ConditionFactory await() {
    return Awaitility.await().atMost(Duration.ofSeconds(40));
  }

  @Test
  void policiesAreAppliedWithOurFieldManagerAndWithoutForce() throws Exception {
    try (var policies = keep("{}")) {
      untilInForce(policies, 4);
      assertThat(cluster.policyChanges())
          .containsExactlyElementsOf(patches(CLIENT_TRAFFIC, BACKEND_TRAFFIC, EXTENSION, PATCH));
      List<Policy> expected = Policies.from(settings("{}"));
      for (int i = 0; i < expected.size(); i++) {
        var change = cluster.state().changes().get(i);
        assertThat(change.path())
            .startsWith(Cluster.path(expected.get(i).id().kind(), NAME) + "?")
            .contains("fieldManager=pointsman-xds-controller")
            .contains("force=false");
        assertThat(change.contentType()).startsWith("application/apply-patch+yaml");
        Map<?, ?> body = Serialization.unmarshal(change.body(), Map.class);
        assertThat(body.get("apiVersion")).isEqualTo("gateway.envoyproxy.io/v1alpha1");
        assertThat(body.get("kind")).isEqualTo(expected.get(i).id().kind().kind());
        assertThat(Manifest.covers(body, expected.get(i).manifest())).isTrue();
        assertThat(Manifest.at(body, "metadata", "managedFields")).isNull();
        assertThat(Manifest.at(body, "metadata", "resourceVersion")).isNull();
      }
    }
  }

  @Test
  void thePatchWaitsUntilEnvoyGatewayRemovesTheHeadersThatItObeys() throws Exception {
    cluster.state().acceptAll(false);
    try (var policies = keep("{}")) {
      await()
          .untilAsserted(
              () ->
                  assertThat(policies.report())
                      .contains(
                          "ClientTrafficPolicy default/pointsman: not in force: NoStatus: ",
                          "EnvoyPatchPolicy default/pointsman: not in force: Waiting: "));
      assertThat(cluster.policyChanges())
          .containsExactlyElementsOf(patches(CLIENT_TRAFFIC, BACKEND_TRAFFIC, EXTENSION));

      cluster.state().acceptAll(true);
      cluster.accept(CLIENT_TRAFFIC, NAME);
      await().until(() -> cluster.policyChanges().contains(patches(PATCH).get(0)));
      // The same for a change: the old verdict does not count for what is new.
      cluster.state().acceptAll(false);
      policies.publish(
          settings(
              "{clientTrafficPolicy: {http2: {maxConcurrentStreams: 200}},"
                  + " envoyPatchPolicy: {route: {retries: 1}}}"),
          System.nanoTime());
      await()
          .untilAsserted(
              () ->
                  assertThat(policies.report())
                      .contains("ClientTrafficPolicy default/pointsman: not in force: Pending: ")
                      .contains("EnvoyPatchPolicy default/pointsman: not in force: Waiting: "));
      assertThat(cluster.policyChanges().stream().filter(patches(PATCH).get(0)::equals)).hasSize(1);
      cluster.accept(CLIENT_TRAFFIC, NAME);
      await()
          .untilAsserted(
              () ->
                  assertThat(cluster.policyChanges().stream().filter(patches(PATCH).get(0)::equals))
                      .hasSize(2));
    }
  }

  @Test
  void whatEnvoyGatewaySaysIsAnEventOnThePolicy() throws Exception {
    try (var policies = keep("{}")) {
      untilInForce(policies, 4);
      String uid = cluster.policy(PATCH, NAME).get().getMetadata().getUid();
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          cluster.client().v1().events().inNamespace("default").list().getItems())
                      .anySatisfy(
                          event -> {
                            assertThat(event.getInvolvedObject().getUid()).isEqualTo(uid);
                            assertThat(event.getInvolvedObject().getKind())
                                .isEqualTo("EnvoyPatchPolicy");
                            assertThat(event.getType()).isEqualTo("Normal");
                            assertThat(event.getReason()).isEqualTo("InForce");
                          }));
      cluster.edit(
          PATCH,
          NAME,
          tree ->
              tree.put(
                  "status",
                  Map.of(
                      "ancestors",
                      List.of(
                          Map.of(
                              "conditions",
                              List.of(
                                  Map.of(
                                      "type", "Accepted",
                                      "status", "False",
                                      "reason", "Disabled",
                                      "message", "EnvoyPatchPolicy is disabled",
                                      "observedGeneration", 9),
                                  Map.of(
                                      "type", "Programmed",
                                      "status", "False",
                                      "observedGeneration", 9)))))));
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          cluster.client().v1().events().inNamespace("default").list().getItems())
                      .anySatisfy(
                          event -> {
                            assertThat(event.getType()).isEqualTo("Warning");
                            assertThat(event.getReason()).isEqualTo("NotInForce");
                            assertThat(event.getMessage())
                                .isEqualTo("Accepted=False Disabled: EnvoyPatchPolicy is disabled");
                          }));
    }
  }

  @Test
  void switchedOffThePatchGoesFirst() throws Exception {
    try (var policies = keep("{}")) {
      untilInForce(policies, 4);
      int before = cluster.policyChanges().size();
      policies.publish(settings("gateway: {enabled: false}"), System.nanoTime());
      await().until(() -> cluster.policy(CLIENT_TRAFFIC, NAME).get() == null);
      List<String> deletions = cluster.policyChanges();
      assertThat(deletions.subList(before, deletions.size()))
          .containsExactly(
              "DELETE envoypatchpolicies/pointsman",
              "DELETE envoyextensionpolicies/pointsman",
              "DELETE backendtrafficpolicies/pointsman",
              "DELETE clienttrafficpolicies/pointsman");
    }
  }

  @Test
  void withEndpointOverrideThePatchGoesAndAnotherPolicyComes() throws Exception {
    try (var policies = keep("{}")) {
      untilInForce(policies, 4);
      policies.publish(settings("gateway: {destination: endpointOverride}"), System.nanoTime());
      await().until(() -> cluster.policy(BACKEND_TRAFFIC, NAME + "-pods").get() != null);
      assertThat(cluster.policy(PATCH, NAME).get()).isNull();
    }
  }

  @Test
  void whatSomebodyChangesOrDeletesIsPutRight() throws Exception {
    try (var policies = keep("{}")) {
      untilInForce(policies, 4);
      cluster.edit(
          CLIENT_TRAFFIC,
          NAME,
          tree -> {
            ApplyingDispatcher.map(ApplyingDispatcher.map(tree, "spec"), "http2")
                .put("maxConcurrentStreams", 5L);
          });
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          Manifest.number(
                              cluster.tree(CLIENT_TRAFFIC, NAME),
                              "spec",
                              "http2",
                              "maxConcurrentStreams"))
                      .isEqualTo(1024));
      cluster.policy(EXTENSION, NAME).delete();
      await().until(() -> cluster.policy(EXTENSION, NAME).get() != null);
      assertThat(
              registry
                  .get("pointsman.gateway.repairs")
                  .tags("kind", "envoyextensionpolicy")
                  .counter()
                  .count())
          .isEqualTo(1);
    }
  }

  @Test
  void ourFieldsAreTakenOverAndThoseOfOthersStay() throws Exception {
    cluster.state().own(Cluster.path(CLIENT_TRAFFIC, NAME), ".spec.connection.bufferLimit");
    try (var policies = keep("{}")) {
      untilInForce(policies, 4);
      assertThat(
              cluster.state().changes().stream()
                  .filter(change -> change.path().contains("clienttrafficpolicies"))
                  .map(change -> change.path().replaceAll(".*(force=\\w+).*", "$1")))
          .containsExactly("force=false", "force=true");
      assertThat(registry.get("pointsman.gateway.conflicts").counter().count()).isEqualTo(1);

      cluster.edit(
          CLIENT_TRAFFIC,
          NAME,
          tree -> {
            ApplyingDispatcher.map(tree, "spec").put("enableEnvoyHeaders", true);
          });
      policies.publish(
          settings("clientTrafficPolicy: {http2: {maxConcurrentStreams: 200}}"), System.nanoTime());
      await()
          .untilAsserted(
              () ->
                  assertThat(
                          Manifest.number(
                              cluster.tree(CLIENT_TRAFFIC, NAME),
                              "spec",
                              "http2",
                              "maxConcurrentStreams"))
                      .isEqualTo(200));
      assertThat(Manifest.at(cluster.tree(CLIENT_TRAFFIC, NAME), "spec", "enableEnvoyHeaders"))
          .isEqualTo(true);
    }
  }

  @Test
  void onePolicyThatIsRefusedHoldsUpNoOther() throws Exception {
    String path = Cluster.path(BACKEND_TRAFFIC, NAME);
    cluster.state().refuse(path, 422);
    try (var policies = keep("{}")) {
      untilInForce(policies, 3);
      assertThat(policies.report())
          .contains(
              "BackendTrafficPolicy default/pointsman: not in force: Refused: the policy is refused"
                  + " for a test");
      cluster.state().refuse(path, 0);
      untilInForce(policies, 4);
    }
  }

  @Test
  void aPolicyOfThatNameThatIsNotOursIsLeftAlone() throws Exception {
    try (var policies = keep("gateway: {enabled: false}")) {
      var theirs = settings("{}");
      var manifest = Policies.from(theirs).get(1).manifest();
      ApplyingDispatcher.map(manifest, "metadata").remove("labels");
      var unused =
          cluster
              .client()
              .genericKubernetesResources(PolicyApi.context(BACKEND_TRAFFIC))
              .inNamespace("default")
              .resource(
                  Serialization.unmarshal(
                      Serialization.asJson(manifest),
                      io.fabric8.kubernetes.api.model.GenericKubernetesResource.class))
              .create();
      policies.publish(theirs, System.nanoTime());
      untilInForce(policies, 3);
      assertThat(policies.report())
          .contains("BackendTrafficPolicy default/pointsman: not in force: NotOurs: ");
      policies.publish(settings("gateway: {enabled: false}"), System.nanoTime());
      await().until(() -> cluster.policy(CLIENT_TRAFFIC, NAME).get() == null);
      assertThat(cluster.policy(BACKEND_TRAFFIC, NAME).get()).isNotNull();
    }
  }

  @Test
  void theOwnerInTheSameNamespaceOwnsThemAndOneInAnotherDoesNot() throws Exception {
    var deployment =
        new DeploymentBuilder()
            .withNewMetadata()
            .withName("controller")
            .withNamespace("default")
            .endMetadata()
            .build();
    String uid = cluster.client().resource(deployment).create().getMetadata().getUid();
    try (var policies = keep("gateway: {owner: {name: controller}}")) {
      untilInForce(policies, 4);
      assertThat(cluster.policy(PATCH, NAME).get().getMetadata().getOwnerReferences())
          .singleElement()
          .satisfies(
              owner -> {
                assertThat(owner.getUid()).isEqualTo(uid);
                assertThat(owner.getKind()).isEqualTo("Deployment");
                assertThat(owner.getApiVersion()).isEqualTo("apps/v1");
              });
      policies.publish(
          settings("gateway: {owner: {name: controller, namespace: other}}"), System.nanoTime());
      policies.publish(
          settings("gateway: {owner: {name: controller, namespace: other}, labels: {a: b}}"),
          System.nanoTime());
      await()
          .untilAsserted(
              () ->
                  assertThat(cluster.policy(PATCH, NAME).get().getMetadata())
                      .satisfies(
                          meta -> assertThat(meta.getLabels()).containsEntry("a", "b"),
                          meta -> assertThat(meta.getOwnerReferences()).isEmpty()));
    }
  }

  @Test
  void withoutTheApiServerItTriesOnAndSaysSo() throws Exception {
    cluster.stop();
    try (var policies = keep("{}")) {
      await().untilAsserted(() -> assertThat(policies.report()).doesNotContain("in touch"));
      cluster.startAgain();
      untilInForce(policies, 4);
      assertThat(policies.report()).contains("api server: in touch\n");
    }
  }

  @Test
  void ofTwoReplicasOneWorksAndTheOtherTakesItsPlace() throws Exception {
    try (var other = cluster.controllerClient()) {
      var first = GatewayPolicies.start(client, settings("{}"), LEASE, "one", registry);
      untilInForce(first, 4);
      try (var second =
          GatewayPolicies.start(other, settings("{}"), LEASE, "two", new SimpleMeterRegistry())) {
        await().untilAsserted(() -> assertThat(second.report()).contains("leader: one\n"));
        assertThat(second.report()).doesNotContain("in force");
        first.close();
        untilInForce(second, 4);
        assertThat(second.report()).contains("leader: this replica\n");
      }
    }
  }

  @Test
  void deletingTakesTheLeaseSoThatNobodyMakesThemAnew() throws Exception {
    try (var policies = GatewayPolicies.start(client, settings("{}"), LEASE, "one", registry)) {
      untilInForce(policies, 4);
      PolicyDeletion.run(cluster.client(), settings("{}"), LEASE, Duration.ofSeconds(30));
      List<String> changes = cluster.policyChanges();
      assertThat(changes.subList(changes.size() - 4, changes.size()))
          .startsWith("DELETE envoypatchpolicies/pointsman")
          .endsWith("DELETE clienttrafficpolicies/pointsman");
      // The leader hears of the deletions, looks at the Lease and lets them be.
      policies.publish(settings("{}"), System.nanoTime());
      await().untilAsserted(() -> assertThat(policies.report()).doesNotContain("in force"));
      assertThat(cluster.policyChanges()).isEqualTo(changes);
    }
  }

  private void pod(String name, String ip, String port) {
    var pod =
        new PodBuilder()
            .withNewMetadata()
            .withName(name)
            .withNamespace("default")
            .addToLabels("model.aibrix.ai/name", "m")
            .addToLabels("model.aibrix.ai/port", port)
            .endMetadata()
            .withNewStatus()
            .withPodIP(ip)
            .endStatus()
            .build();
    var unused = cluster.client().resource(pod).create();
  }

  /** What Envoy Gateway finds behind the Service, as {@code ip:port}. */
  private List<String> endpoints() {
    return cluster
        .client()
        .discovery()
        .v1()
        .endpointSlices()
        .inNamespace("default")
        .withLabel("kubernetes.io/service-name", "pointsman-models")
        .list()
        .getItems()
        .stream()
        .flatMap(
            slice ->
                slice.getEndpoints().stream()
                    .map(
                        endpoint ->
                            endpoint.getAddresses().get(0)
                                + " "
                                + slice.getPorts().get(0).getPort()))
        .sorted()
        .toList();
  }

  @Test
  void modelPodsAreTheEndpointsOfTheServiceWithoutSelector() throws Exception {
    pod("a", "10.0.0.1", "8000");
    pod("b", "10.0.0.2", "9000");
    try (var policies = keep("gateway: {destination: endpointOverride}")) {
      untilInForce(policies, 4);
      await()
          .untilAsserted(
              () -> assertThat(endpoints()).containsExactly("10.0.0.1 8000", "10.0.0.2 9000"));
      pod("c", "fd00::3", "8000");
      await().until(() -> endpoints().contains("fd00::3 8000"));
      cluster.client().pods().inNamespace("default").withName("b").delete();
      await()
          .untilAsserted(
              () -> assertThat(endpoints()).containsExactly("10.0.0.1 8000", "fd00::3 8000"));

      policies.publish(
          settings("gateway: {destination: endpointOverride, modelServices: [mine]}"),
          System.nanoTime());
      await().until(() -> endpoints().isEmpty());
    }
  }
}
