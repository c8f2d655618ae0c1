package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class TopologyReaderTest {
  private static final Set<String> STRATEGIES = Set.of("random", "least-request");

  private final TopologyReader reader = new TopologyReader(STRATEGIES::contains);

  private Topology read(String text) throws ConfigException {
    return reader.read("models.yaml", text);
  }

  @Test
  void modelsAndEndpointsAreTakenInOrder() throws Exception {
    Topology topology =
        read(
            """
            models:
              - name: llama
                engine: sglang
                endpoints: ["10.0.0.2:9000", 10.0.0.1, "[::1]:9000"]
              - name: qwen
                endpoints: []
            """);

    assertThat(topology.models()).extracting(ModelSpec::name).containsExactly("llama", "qwen");
    ModelSpec llama = topology.models().get(0);
    assertThat(llama.engine()).isEqualTo("sglang");
    assertThat(llama.config()).isEqualTo(ModelConfig.NONE);
    assertThat(llama.endpoints())
        .extracting(EndpointSpec::address)
        .containsExactly("10.0.0.2:9000", "10.0.0.1:8000", "[::1]:9000");
    assertThat(llama.endpoints().get(2))
        .isEqualTo(
            new EndpointSpec(
                new EndpointKey("::1", 9000),
                "[::1]:9000",
                "[::1]:9000",
                true,
                null,
                Role.COMBINED));
    assertThat(topology.models().get(1).engine()).isEqualTo("vllm");
  }

  @Test
  void everyEndpointOfAModelHasItsAdapters() throws Exception {
    Topology topology =
        read(
            """
            models:
              - {name: a, endpoints: [10.0.0.1, 10.0.0.2], adapters: [sql, org/poetry]}
              - {name: b, endpoints: [10.0.0.3]}
            """);

    assertThat(topology.models().get(0).endpoints())
        .hasSize(2)
        .allSatisfy(
            endpoint -> assertThat(endpoint.adapters()).containsExactly("sql", "org/poetry"));
    assertThat(topology.models().get(1).endpoints().get(0).adapters()).isEmpty();
  }

  @Test
  void rolesetsGiveTheirEndpointsAGroupAndARole() throws Exception {
    Topology topology =
        read(
            """
            models:
              - name: m
                rolesets:
                  - {name: a, prefill: [10.0.0.1], decode: [10.0.0.2, 10.0.0.3]}
                  - {name: b, prefill: [], decode: [10.0.0.4]}
            """);

    assertThat(topology.models().get(0).endpoints())
        .extracting(spec -> spec.roleset() + " " + spec.role() + " " + spec.key().uid())
        .containsExactly(
            "a PREFILL 10.0.0.1", "a DECODE 10.0.0.2", "a DECODE 10.0.0.3", "b DECODE 10.0.0.4");
  }

  @Test
  void rolesetsMayBeForPromptsOfALength() throws Exception {
    Topology topology =
        read(
            """
            models:
              - name: m
                engine: sglang
                kvConnector: nixl
                bootstrapPort: 9001
                rolesets:
                  - {name: a, promptLenBucketMaxLength: 100, prefill: [10.0.0.1],
                     decode: [{address: 10.0.0.2, promptLenBucketMinLength: 5}],
                     combined: [{address: 10.0.0.3, promptLenBucketMinLength: 101}]}
            """);

    assertThat(topology.models().get(0).endpoints())
        .extracting(EndpointSpec::disaggregation)
        .containsExactly(
            new Disaggregation(0, 100, false, "nixl", 9001),
            new Disaggregation(5, 100, false, "nixl", 9001),
            new Disaggregation(101, 0, true, "nixl", 9001));
  }

  @Test
  void theSameAddressMayServeTwoModels() throws Exception {
    Topology topology =
        read("models: [{name: a, endpoints: [10.0.0.1]}, {name: b, endpoints: [10.0.0.1]}]");

    assertThat(topology.models()).hasSize(2);
  }

  @Test
  void everyKeyOfTheProfileSchemaIsAccepted() throws Exception {
    Topology topology =
        read(
            """
            models:
              - name: m
                endpoints: []
                config:
                  {"lockedRoutingStrategy": "random",
                   "defaultProfile": "short", "lockedProfile": "empty",
                   "profiles": {
                     "short": {
                       "routingStrategy": "least-request",
                       "requestsPerSecond": 10, "requestsPerSecondPerReplica": 5,
                       "requestsInflight": 100, "timeoutSeconds": 600,
                       "routingConfig": {
                         "prefixCache": {"blockBytes": 64, "minMatchBlocks": 2, "gateSpread": 8,
                           "gateDeviations": 1.5, "gateFree": 0, "rampSeconds": 10},
                         "leastRequest": {"spread": 3},
                         "promptLenBucketMinLength": 0, "promptLenBucketMaxLength": 0,
                         "combined": false, "prefillScorePolicy": "", "decodeScorePolicy": "least_request",
                         "promptTokensGte": 1, "promptTokensLt": 2,
                         "maxTokensGte": 3, "maxTokensLt": 4}},
                     "empty": {"routingStrategy": ""},
                     "nothing": }}
            """);

    ModelConfig config = topology.models().get(0).config();
    assertThat(config.lockedRoutingStrategy()).isEqualTo("random");
    assertThat(config.defaultProfile()).isEqualTo("short");
    assertThat(config.lockedProfile()).isEqualTo("empty");
    assertThat(config.profiles().values())
        .containsExactlyInAnyOrder(
            new Profile(
                "short",
                "least-request",
                new Profile.Hints(1, 2, 3, 4),
                new Profile.Limits(10, 5, 100, 600),
                new Profile.Prefill(0, 0, false, null, "least_request", null, null),
                new Profile.PrefixCache(64, 2, 8, 1.5, 0, 10),
                3),
            new Profile("empty", null, Profile.Hints.NONE),
            new Profile("nothing", null, Profile.Hints.NONE));
  }

  @Test
  void anEndpointMayHaveLabels() throws Exception {
    Topology topology =
        read(
            "models: [{name: m, endpoints: [10.0.0.1, {address: 10.0.0.2, labels: {zone: a, n:"
                + " 1}}, {address: \"[::1]:9000\"}]}]");

    List<EndpointSpec> endpoints = topology.models().get(0).endpoints();
    assertThat(endpoints)
        .extracting(EndpointSpec::address)
        .containsExactly("10.0.0.1:8000", "10.0.0.2:8000", "[::1]:9000");
    assertThat(endpoints)
        .extracting(EndpointSpec::labels)
        .containsExactly(Map.of(), Map.of("zone", "a", "n", "1"), Map.of());
  }

  @Test
  void aConfigWithoutADefaultNameHasTheUsualOne() throws Exception {
    Topology topology =
        read("models: [{name: m, endpoints: [], config: {profiles: {default: {}}}}]");

    assertThat(topology.models().get(0).config().defaultProfile()).isEqualTo("default");
  }

  static Stream<Arguments> wrongFiles() {
    return Stream.of(
        wrong("models.yaml:1: the file is empty", ""),
        wrong("models.yaml:1: \"models\" is missing", "model: []"),
        wrong("models.yaml:2: extra: unknown key; known here: models", "models: []", "extra: 1"),
        wrong("models.yaml:1: models: expected a list", "models: {}"),
        wrong(
            "models.yaml:3: models[1].name: another model has the same name: a",
            "models:",
            "- {name: a, endpoints: []}",
            "- {name: a, endpoints: []}"),
        wrong(
            "models.yaml:1: models[0].adapters[1]: this name is taken: sql",
            "models: [{name: a, endpoints: [], adapters: [sql, sql]}]"),
        wrong(
            "models.yaml:1: models[0].adapters[0]: this name is taken: a",
            "models: [{name: a, endpoints: [], adapters: [a]}]"),
        wrong("models.yaml:1: models[0]: \"name\" is missing", "models: [{endpoints: []}]"),
        wrong(
            "models.yaml:3: models[0].replicas: unknown key",
            "models:",
            "- name: a",
            "  replicas: 2",
            "  endpoints: []"),
        wrong(
            "models.yaml:3: models[0].engine: expected vllm, sglang or trtllm, found \"ollama\"",
            "models:",
            "- name: a",
            "  engine: ollama",
            "  endpoints: []"),
        wrong(
            "models.yaml:2: models[0]: give either \"endpoints\" or \"rolesets\"",
            "models:",
            "- name: a",
            "  endpoints: [10.0.0.1]",
            "  rolesets: []"),
        wrong(
            "models.yaml:2: models[0]: give either \"endpoints\" or \"rolesets\"",
            "models:",
            "- name: a"),
        wrong(
            "models.yaml:4: models[0].endpoints[1]: expected ip:port, found \"pod-b:8000\": the"
                + " host must be an IP address",
            "models:",
            "- name: a",
            "  endpoints: [10.0.0.1,",
            "    \"pod-b:8000\"]"),
        wrong(
            "models.yaml:5: models[0].endpoints[1]: this model has the same endpoint already:"
                + " 10.0.0.1:8000",
            "models:",
            "- name: a",
            "  endpoints:",
            "  - 10.0.0.1",
            "  - 10.0.0.1:8000"),
        wrong(
            "models.yaml:4: models[0].rolesets[0].decode[0]: this model has the same endpoint",
            "models:",
            "- name: a",
            "  rolesets:",
            "  - {name: r, prefill: [10.0.0.1], decode: [10.0.0.1]}"),
        wrong(
            "models.yaml:5: models[0].rolesets[1].name: another roleset has the same name: r",
            "models:",
            "- name: a",
            "  rolesets:",
            "  - {name: r, prefill: [], decode: []}",
            "  - {name: r, prefill: [], decode: []}"),
        wrong(
            "models.yaml:1: models[0].rolesets[0]: \"decode\" is missing",
            "models: [{name: a, rolesets: [{name: r, prefill: []}]}]"),
        wrong(
            "models.yaml:1: models[0].rolesets[0].size: unknown key",
            "models: [{name: a, rolesets: [{name: r, prefill: [], decode: [], size: 1}]}]"),
        wrong(
            "models.yaml:1: models[0].endpoints[0]: \"address\" is missing",
            "models: [{name: a, endpoints: [{labels: {}}]}]"),
        wrong(
            "models.yaml:1: models[0].endpoints[0].zone: unknown key; known here: address, labels",
            "models: [{name: a, endpoints: [{address: 10.0.0.1, zone: a}]}]"),
        wrong(
            "models.yaml:1: models[0].endpoints[0].labels.zone: expected a string, found a list",
            "models: [{name: a, endpoints: [{address: 10.0.0.1, labels: {zone: []}}]}]"),
        wrongConfig(
            "lockedRoutingStrategy: unknown routing strategy \"pd\"", "lockedRoutingStrategy: pd"),
        wrongConfig(
            "profiles.p.routingStrategy: unknown routing strategy \"Random\"",
            "profiles: {p: {routingStrategy: Random}}"),
        wrongConfig(
            "profiles.p.routingStrategy: unknown",
            "profiles: {p: {routingStrategy: \"random:1,least-request:2\"}}"),
        wrongConfig(
            "defaultProfile: no profile is named q", "defaultProfile: q, profiles: {p: {}}"),
        wrongConfig("lockedProfile: no profile is named q", "lockedProfile: q, profiles: {p: {}}"),
        wrongConfig(
            "profiles.p.timeoutSeconds: expected an integer from 1 to 86400, found 0",
            "profiles: {p: {timeoutSeconds: 0}}"),
        wrongConfig(
            "profiles.p.routingConfig.maxTokensLt: no request is from 5 to below 5",
            "profiles: {p: {routingConfig: {maxTokensGte: 5, maxTokensLt: 5}}}"),
        wrongConfig(
            "profiles.p.routingConfig.promptLenBucketMaxLength: no prompt is from 6 to 5",
            "profiles: {p: {routingConfig: {promptLenBucketMinLength: 6,"
                + " promptLenBucketMaxLength: 5}}}"),
        wrongConfig(
            "profiles.p.routingConfig.prefixCache.blockBytes: expected an integer from 16 to 65536,"
                + " found 8",
            "profiles: {p: {routingConfig: {prefixCache: {blockBytes: 8}}}}"),
        wrongConfig(
            "profiles.p.routingConfig.prefixCache.gateDeviations: expected a number from 0",
            "profiles: {p: {routingConfig: {prefixCache: {gateDeviations: .inf}}}}"),
        wrongConfig(
            "profiles.p.routingConfig.prefixCache.spread: unknown key; known here: blockBytes",
            "profiles: {p: {routingConfig: {prefixCache: {spread: 1}}}}"),
        wrongConfig(
            "profiles.p.routingConfig.leastRequest.spread: expected an integer",
            "profiles: {p: {routingConfig: {leastRequest: {spread: \"1\"}}}}"),
        wrongConfig("profiles.p: expected a mapping", "profiles: {p: 1}"),
        wrongConfig("lock: unknown key", "lock: random"),
        wrongConfig("profiles.p.strategy: unknown key", "profiles: {p: {strategy: random}}"),
        wrongConfig(
            "profiles.p.requestsPerSecond: expected an integer from 0",
            "profiles: {p: {requestsPerSecond: -1}}"),
        wrongConfig(
            "profiles.p.routingConfig.combined: expected true or false",
            "profiles: {p: {routingConfig: {combined: 1}}}"),
        wrongConfig(
            "profiles.p.routingConfig.prefillScorePolicy: expected a string",
            "profiles: {p: {routingConfig: {prefillScorePolicy: []}}}"),
        wrongConfig(
            "profiles.p.routingConfig.promptTokensGte: expected an integer",
            "profiles: {p: {routingConfig: {promptTokensGte: many}}}"),
        wrongConfig(
            "profiles.p.routingConfig.maxTokensLt: expected an integer",
            "profiles: {p: {routingConfig: {maxTokensLt: 3000000000}}}"),
        wrongConfig(
            "profiles.p.routingConfig.tokens: unknown key",
            "profiles: {p: {routingConfig: {tokens: 1}}}"));
  }

  private static Arguments wrong(String message, String... lines) {
    return Arguments.of(message, String.join("\n", lines));
  }

  private static Arguments wrongConfig(String message, String config) {
    return wrong(
        "models.yaml:4: models[0].config." + message,
        "models:",
        "- name: m",
        "  endpoints: []",
        "  config: {" + config + "}");
  }

  @ParameterizedTest
  @MethodSource("wrongFiles")
  void aWrongFileIsRefusedWithLineAndPlace(String message, String text) {
    assertThatThrownBy(() -> read(text))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith(message);
  }

  @Test
  void everyTextCutShortIsReadOrRefusedButNeverThrowsAnythingElse() throws Exception {
    String text =
        """
        models:
          - name: m
            engine: vllm
            rolesets:
              - {name: a, prefill: ["[::1]:9000"], decode: [10.0.0.2]}
            config: {lockedRoutingStrategy: random, profiles: {p: {requestsPerSecond: 1}}}
        """;
    int refused = 0;
    for (int end = 0; end < text.length(); end++) {
      try {
        assertThat(read(text.substring(0, end)).models()).hasSizeLessThanOrEqualTo(1);
      } catch (ConfigException e) {
        assertThat(e).as("cut at %d", end).hasMessageStartingWith("models.yaml:");
        refused++;
      }
    }
    assertThat(refused).isPositive();
    assertThat(read(text).models()).isEqualTo(List.copyOf(read(text).models())).hasSize(1);
  }
}
