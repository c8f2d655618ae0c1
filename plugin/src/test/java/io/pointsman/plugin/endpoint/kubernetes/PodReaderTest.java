package io.pointsman.plugin.endpoint.kubernetes;

import static io.pointsman.plugin.endpoint.kubernetes.Pods.annotated;
import static io.pointsman.plugin.endpoint.kubernetes.Pods.labelled;
import static io.pointsman.plugin.endpoint.kubernetes.Pods.pod;
import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.ContainerBuilder;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.ContainerStatusBuilder;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PodReaderTest {
  private final PodReader reader = new PodReader(PodKeys.STANDARD, new SharedTexts(), false);

  private PodRecord read(PodBuilder pod) {
    return Objects.requireNonNull(reader.read(pod.build()));
  }

  private List<String> addresses(PodBuilder pod) {
    return read(pod).endpoints().stream().map(EndpointSpec::address).toList();
  }

  @Test
  void aLabelledPodIsAnEndpointOnPort8000() {
    PodRecord record = read(pod("a", "10.0.0.1"));

    assertThat(record.model()).isEqualTo("m");
    assertThat(record.ready()).isTrue();
    assertThat(record.engine()).isNull();
    EndpointSpec endpoint = record.endpoints().get(0);
    assertThat(endpoint.key()).isEqualTo(new EndpointKey("uid-a", 8000));
    assertThat(endpoint.name()).isEqualTo("a");
    assertThat(endpoint.address()).isEqualTo("10.0.0.1:8000");
    assertThat(endpoint.ready()).isTrue();
    assertThat(endpoint.role()).isEqualTo(Role.COMBINED);
    assertThat(endpoint.roleset()).isNull();
  }

  @Test
  void portEngineAndRoleAreRead() {
    var pod = labelled(pod("a", "10.0.0.1"), "model.aibrix.ai/port", "9000");
    pod = labelled(pod, "model.aibrix.ai/engine", "SGLang");
    pod = labelled(pod, "roleset-name", "set-1");
    PodRecord record = read(labelled(pod, "role-name", "prefill"));

    assertThat(record.engine()).isEqualTo("sglang");
    assertThat(record.endpoints().get(0).address()).isEqualTo("10.0.0.1:9000");
    assertThat(record.endpoints().get(0).roleset()).isEqualTo("set-1");
    assertThat(record.endpoints().get(0).role()).isEqualTo(Role.PREFILL);
  }

  @Test
  void labelsAreKeptOnlyWhereTheyAreWanted() {
    var pod = labelled(pod("a", "10.0.0.1"), "zone", "eu-1");

    assertThat(read(pod).endpoints().get(0).labels()).isEmpty();
    PodRecord kept =
        Objects.requireNonNull(
            new PodReader(PodKeys.STANDARD, new SharedTexts(), true).read(pod.build()));
    assertThat(kept.endpoints().get(0).labels())
        .containsEntry("zone", "eu-1")
        .containsEntry("model.aibrix.ai/name", "m");
  }

  @Test
  void engineMayBeAnAnnotationAndSoMayAModelThatNoLabelCanHold() {
    var pod = annotated(pod("a", "10.0.0.1"), "model.aibrix.ai/engine", "trtllm");
    pod = pod.editMetadata().removeFromLabels("model.aibrix.ai/name").endMetadata();
    PodRecord record = read(annotated(pod, "model.aibrix.ai/name", "org/model"));

    assertThat(record.model()).isEqualTo("org/model");
    assertThat(record.engine()).isEqualTo("trtllm");
  }

  @Test
  void ipv6StandsInBrackets() {
    assertThat(addresses(pod("a", "fd00::7"))).containsExactly("[fd00::7]:8000");
  }

  @Test
  void eachDataParallelRankIsAnEndpointOfItsOwn() {
    var pod =
        labelled(pod("a", "10.0.0.1"), "model.aibrix.ai/port", "9000")
            .editSpec()
            .editFirstContainer()
            .addNewEnv()
            .withName("data-parallel-size")
            .withValue("3")
            .endEnv()
            .endContainer()
            .endSpec();

    assertThat(addresses(pod)).containsExactly("10.0.0.1:9000", "10.0.0.1:9001", "10.0.0.1:9002");
    assertThat(read(pod).endpoints())
        .extracting(EndpointSpec::key)
        .doesNotHaveDuplicates()
        .allSatisfy(key -> assertThat(key.uid()).isEqualTo("uid-a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "-1", "x", "99999999999", "1"})
  void ranksThatMakeNoSenseAreOne(String ranks) {
    var pod =
        pod("a", "10.0.0.1")
            .editSpec()
            .editFirstContainer()
            .addNewEnv()
            .withName("data-parallel-size")
            .withValue(ranks)
            .endEnv()
            .endContainer()
            .endSpec();

    assertThat(addresses(pod)).containsExactly("10.0.0.1:8000");
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "http", "-8000"})
  void aPortThatIsNoneMakesNoEndpoint(String port) {
    assertThat(addresses(labelled(pod("a", "10.0.0.1"), "model.aibrix.ai/port", port))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"9090, 9090", "8000, 0", "'', 0", "70000, 0", "x, 0", "-1, 0"})
  void anotherPortMayHaveTheMetricsOfAllRanks(String label, int expected) {
    var pod =
        pod("a", "10.0.0.1")
            .editSpec()
            .editFirstContainer()
            .addNewEnv()
            .withName("data-parallel-size")
            .withValue("2")
            .endEnv()
            .endContainer()
            .endSpec();

    assertThat(read(labelled(pod, "model.aibrix.ai/metric-port", label)).endpoints())
        .extracting(EndpointSpec::metricsPort)
        .containsExactly(expected, expected);
  }

  @Test
  void aPodWithoutAddressHasNoEndpointYetButItsModelIsKnown() {
    PodRecord record = read(pod("a", null));

    assertThat(record.model()).isEqualTo("m");
    assertThat(record.endpoints()).isEmpty();
  }

  @Test
  void aPodThatNamesNoModelIsNone() {
    var pod = pod("a", "10.0.0.1").editMetadata().withLabels(null).endMetadata();

    assertThat(reader.read(pod.build())).isNull();
  }

  @ParameterizedTest
  @CsvSource({
    "ray.io/node-type, head, true",
    "ray.io/node-type, worker, false",
    "stormservice.orchestration.aibrix.ai/pod-group-index, 0, true",
    "stormservice.orchestration.aibrix.ai/pod-group-index, 1, false",
  })
  void ofAnEngineThatSpansPodsOnlyTheHeadServes(String label, String value, boolean serves) {
    var pod = labelled(pod("a", "10.0.0.1"), label, value).build();

    assertThat(reader.read(pod) != null).isEqualTo(serves);
  }

  @Test
  void aPodThatIsNotReadyStaysKnown() {
    PodRecord record = read(Pods.ready(pod("a", "10.0.0.1"), false));

    assertThat(record.ready()).isFalse();
    assertThat(record.endpoints().get(0).ready()).isFalse();
  }

  @Test
  void aPodThatIsBeingDeletedTakesNothingThoughItIsReady() {
    var pod =
        pod("a", "10.0.0.1")
            .editMetadata()
            .withDeletionTimestamp("2026-11-21T11:00:00Z")
            .endMetadata();

    assertThat(read(pod).ready()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"model\":\"m\",\"port\":8000,\"state\":\"active\"}     | true",
        "{\"model\":\"m\",\"port\":8000,\"state\":\"sleeping\"}   | false",
        "{\"model\":\"m\",\"state\":\"activating\"}               | false",
        "{\"model\":\"m\",\"state\":\"failed\"}                   | false",
        "{\"model\":\"other\",\"state\":\"sleeping\"}             | true",
        "{\"state\":\"sleeping\"}                                 | false",
        "not json {                                               | false",
      })
  void onlyAnActiveClaimIsRoutable(String claim, boolean routable) {
    var pod = annotated(pod("a", "10.0.0.1"), "modelclaim.aibrix.ai/c", claim);

    assertThat(read(pod).ready()).isEqualTo(routable);
  }

  @Test
  void theContainerIsTheOneThatHasThePort() {
    var pod =
        pod("a", "10.0.0.1")
            .editSpec()
            .withContainers(
                new ContainerBuilder()
                    .withName("proxy")
                    .addNewPort()
                    .withContainerPort(80)
                    .endPort()
                    .build(),
                new ContainerBuilder()
                    .withName("engine")
                    .addNewPort()
                    .withContainerPort(8000)
                    .endPort()
                    .build())
            .endSpec()
            .editStatus()
            .withContainerStatuses(
                status("proxy", "containerd://aaaaaaaaaaaaaaaaaaaa"),
                status("engine", "containerd://bbbbbbbbbbbbbbbbbbbb"))
            .endStatus();

    assertThat(read(pod).endpoints().get(0).container()).isEqualTo("bbbbbbbbbbbb");
  }

  @Test
  void aContainerThatWasStartedAnewIsAnother() {
    String before = read(pod("a", "10.0.0.1")).endpoints().get(0).container();
    var pod =
        pod("a", "10.0.0.1")
            .editStatus()
            .withContainerStatuses(status("engine", "cri-o://fedcba9876543210"))
            .endStatus();

    assertThat(before).isEqualTo("0123456789ab");
    assertThat(read(pod).endpoints().get(0).container()).isEqualTo("fedcba987654");
  }

  @Test
  void aPodWhoseContainerHasNotBegunHasNone() {
    var pod =
        pod("a", "10.0.0.1").editStatus().withContainerStatuses(status("engine", null)).endStatus();
    var bare = pod("a", "10.0.0.1").editStatus().withContainerStatuses().endStatus();

    assertThat(read(pod).endpoints().get(0).container()).isEmpty();
    assertThat(read(bare).endpoints().get(0).container()).isEmpty();
  }

  private static ContainerStatus status(String name, @Nullable String id) {
    return new ContainerStatusBuilder().withName(name).withContainerID(id).build();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "sql                      | sql",
        "sql, poetry ,sql,        | sql;poetry",
        "[\"sql\", \"org/poetry\"] | sql;org/poetry",
        "[\"sql\", null]          | sql",
        "[\"sql\"                 | ''",
        "[[1]]                    | ''",
      })
  void adaptersAreAListByCommasOrInJson(String text, String names) {
    var pod = annotated(pod("a", "10.0.0.1"), "model.aibrix.ai/adapters", text);

    assertThat(String.join(";", read(pod).endpoints().get(0).adapters())).isEqualTo(names);
  }

  @Test
  void whatDoesNotMatterMakesNoDifference() {
    var noisy = pod("a", "10.0.0.1");
    noisy =
        annotated(noisy, "example.com/checked", "now")
            .editMetadata()
            .withResourceVersion("77")
            .endMetadata();

    assertThat(read(noisy)).isEqualTo(read(pod("a", "10.0.0.1")));
  }

  @Test
  void textsThatPodsHaveInCommonAreKeptOnce() {
    String config = "{\"profiles\":{}}";
    String one = read(annotated(pod("a", "10.0.0.1"), "model.aibrix.ai/config", config)).config();
    String other =
        read(annotated(
                pod("b", "10.0.0.2"), "model.aibrix.ai/config", new String(config.toCharArray())))
            .config();

    assertThat(one).isSameAs(other).isEqualTo(config);
  }

  @Test
  void aPodSaysHowItsEngineHandsKvCachesOver() {
    var plain = read(pod("a", "10.0.0.1")).endpoints().get(0);
    var said =
        annotated(
            labelled(pod("a", "10.0.0.1"), "model.aibrix.ai/kv-connector-type", "NIXL"),
            "model.aibrix.ai/sglang-bootstrap-port",
            "9001");

    assertThat(plain.disaggregation()).isEqualTo(Disaggregation.DEFAULT);
    assertThat(read(said).endpoints().get(0).disaggregation())
        .isEqualTo(new Disaggregation(0, 0, false, "nixl", 9001));
  }

  @ParameterizedTest
  @ValueSource(strings = {"0", "65536", "x", "-1"})
  void aBootstrapPortThatIsNoneIsTheUsualOne(String port) {
    var said = annotated(pod("a", "10.0.0.1"), "model.aibrix.ai/sglang-bootstrap-port", port);

    assertThat(read(said).endpoints().get(0).disaggregation()).isEqualTo(Disaggregation.DEFAULT);
  }
}
