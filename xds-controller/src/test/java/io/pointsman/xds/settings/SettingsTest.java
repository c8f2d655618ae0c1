package io.pointsman.xds.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.entry;

import io.pointsman.common.ConfigException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  private static final long UINT32 = 4_294_967_295L;
  private static final String BACKEND = "gatewayPlugin.extProc.backendSettings.";

  /** Every key: its default, another value as it is written, and as it is read. */
  private static final List<Arguments> KEYS =
      List.of(
          key("listener.address", "0.0.0.0", "'::1'", "::1"),
          key("listener.port", 8888, "443", 443),
          key("clientTrafficPolicy.connection.bufferLimit", 4194304L, "8Mi", 8388608L),
          key("clientTrafficPolicy.connection.connectionLimit.value", 1024L, "1", 1L),
          key("clientTrafficPolicy.http2.maxConcurrentStreams", 1024L, "100", 100L),
          key("clientTrafficPolicy.http2.initialConnectionWindowSize", 1048576L, "64Ki", 65536L),
          duration("clientTrafficPolicy.timeout.http.requestReceivedTimeout", 0, "1m30s", 90_000),
          duration("clientTrafficPolicy.timeout.http.idleTimeout", 3_600_000, "0s", 0),
          duration("clientTrafficPolicy.timeout.http.streamIdleTimeout", 300_000, "2m", 120_000),
          key("backendTrafficPolicy.circuitBreaker.maxConnections", 1024L, "0", 0L),
          key("backendTrafficPolicy.circuitBreaker.maxPendingRequests", 1024L, "1", 1L),
          key("backendTrafficPolicy.circuitBreaker.maxParallelRequests", 1024L, "2", 2L),
          key("backendTrafficPolicy.circuitBreaker.maxParallelRetries", 1024L, "3", 3L),
          key("backendTrafficPolicy.circuitBreaker.maxRequestsPerConnection", 0L, "4", 4L),
          key("backendTrafficPolicy.http2.maxConcurrentStreams", 1024L, "5", 5L),
          duration("envoyPatchPolicy.route.timeout", 120_000, "0s", 0),
          duration("envoyPatchPolicy.route.connectTimeout", 5_000, "6s", 6_000),
          duration("envoyPatchPolicy.route.idleTimeout", 300_000, "1h", 3_600_000),
          duration("envoyPatchPolicy.route.perTryIdleTimeout", 30_000, "500ms", 500),
          key("envoyPatchPolicy.route.retries", 0L, "2", 2L),
          key("envoyPatchPolicy.circuitBreakers.maxConnections", 1024L, "4294967295", UINT32),
          key("envoyPatchPolicy.circuitBreakers.maxRequests", 1024L, "65536", 65536L),
          key("envoyPatchPolicy.circuitBreakers.maxPendingRequests", 1024L, "0", 0L),
          key("envoyPatchPolicy.circuitBreakers.maxRetries", 3L, "4", 4L),
          key("envoyPatchPolicy.circuitBreakers.perEndpoint.maxConnections", 100L, "7", 7L),
          key("envoyPatchPolicy.connection.bufferLimit", 1048576L, "1024", 1024L),
          duration("envoyPatchPolicy.connection.idleTimeout", 60_000, "5s", 5_000),
          key("envoyPatchPolicy.connection.tcpKeepalive.probes", 3L, "9", 9L),
          duration("envoyPatchPolicy.connection.tcpKeepalive.idleTime", 60_000, "2m", 120_000),
          duration("envoyPatchPolicy.connection.tcpKeepalive.interval", 10_000, "1s", 1_000),
          key("envoyPatchPolicy.preserveExternalRequestID", false, "true", true),
          key(
              "gatewayPlugin.addresses",
              List.of(new Address("127.0.0.1", 50052)),
              "['[::1]:1', 'plugin.default.svc:2']",
              List.of(new Address("::1", 1), new Address("plugin.default.svc", 2))),
          key(
              "gatewayPlugin.httpAddresses",
              List.of(new Address("127.0.0.1", 8080)),
              "[10.0.0.1:80]",
              List.of(new Address("10.0.0.1", 80))),
          duration("gatewayPlugin.messageTimeout", 5_000, "60s", 60_000),
          duration("gatewayPlugin.maxMessageTimeout", 60_000, "0s", 0),
          key("gatewayPlugin.failOpen", true, "false", false),
          key("gatewayPlugin.statusOnError", 503, "500", 500),
          key(
              "gatewayPlugin.processingMode.request.body",
              RequestBodyMode.BUFFERED,
              "FullDuplexStreamed",
              RequestBodyMode.FULL_DUPLEX_STREAMED),
          key("gatewayPlugin.processingMode.response.headers", true, "false", false),
          key(
              "gatewayPlugin.processingMode.response.body",
              ResponseBodyMode.NONE,
              "Streamed",
              ResponseBodyMode.STREAMED),
          key(BACKEND + "circuitBreaker.maxConnections", 1024L, "5", 5L),
          key(BACKEND + "circuitBreaker.maxPendingRequests", 65536L, "6", 6L),
          key(BACKEND + "circuitBreaker.maxParallelRequests", 65536L, "1024", 1024L),
          key(BACKEND + "circuitBreaker.maxParallelRetries", 1024L, "7", 7L),
          key(BACKEND + "circuitBreaker.maxRequestsPerConnection", 0L, "8", 8L),
          duration(BACKEND + "healthCheck.active.interval", 1_000, "100ms", 100),
          duration(BACKEND + "healthCheck.active.timeout", 1_000, "2s", 2_000),
          key(BACKEND + "healthCheck.active.unhealthyThreshold", 2L, "1", 1L),
          key(BACKEND + "healthCheck.active.healthyThreshold", 1L, "2", 2L),
          key(BACKEND + "healthCheck.passive.consecutiveErrors", 5L, "0", 0L),
          duration(BACKEND + "healthCheck.passive.interval", 1_000, "3s", 3_000),
          duration(BACKEND + "healthCheck.passive.baseEjectionTime", 5_000, "30s", 30_000),
          key(BACKEND + "healthCheck.passive.maxEjectionPercent", 50L, "100", 100L),
          key(BACKEND + "retry.numRetries", 1L, "0", 0L),
          duration(BACKEND + "timeout.tcp.connectTimeout", 1_000, "10s", 10_000),
          duration(BACKEND + "http2.connectionKeepalive.interval", 30_000, "10s", 10_000),
          duration(BACKEND + "http2.connectionKeepalive.timeout", 5_000, "1s", 1_000),
          duration(BACKEND + "dns.dnsRefreshRate", 5_000, "1s", 1_000),
          key(BACKEND + "tcpKeepalive.probes", 3L, "127", 127L),
          duration(BACKEND + "tcpKeepalive.idleTime", 60_000, "1s", 1_000),
          duration(BACKEND + "tcpKeepalive.interval", 10_000, "9s", 9_000),
          key("accessLog.enabled", false, "true", true),
          key("gateway.enabled", true, "false", false),
          key("gateway.name", "pointsman", "inference.eg", "inference.eg"),
          key("gateway.namespace", "default", "gateways", "gateways"),
          key("gateway.listeners", List.of("http"), "[http, https]", List.of("http", "https")),
          key("gateway.shared", false, "true", true),
          key("gateway.namePrefix", "pointsman", "my-release", "my-release"),
          key(
              "gateway.labels",
              new TreeMap<>(),
              "{app.kubernetes.io/name: x, n: '1'}",
              new TreeMap<>(Map.of("n", "1", "app.kubernetes.io/name", "x"))),
          key("gateway.httpRoutes", List.of("pointsman"), "[a, b]", List.of("a", "b")),
          key("gateway.plainHttpRoutes", List.of(), "[models]", List.of("models")),
          key("gateway.pluginService.name", "pointsman-plugin", "p", "p"),
          key("gateway.pluginService.namespace", "", "plugins", "plugins"),
          key("gateway.pluginService.port", 50052, "9000", 9000),
          key("gateway.owner.apiVersion", "apps/v1", "v1", "v1"),
          key("gateway.owner.kind", "Deployment", "ConfigMap", "ConfigMap"),
          key("gateway.owner.name", "", "controller", "controller"),
          key("gateway.owner.namespace", "", "router", "router"),
          key(
              "gateway.destination",
              Destination.ORIGINAL_DST,
              "originalDst",
              Destination.ORIGINAL_DST),
          key("gateway.modelPods.service", "pointsman-models", "models", "models"),
          key("gateway.modelPods.portName", "http", "api", "api"),
          key("gateway.modelPods.namespaces", List.of("default"), "['*']", List.of("*")),
          key(
              "gateway.modelPods.selector",
              "model.aibrix.ai/name",
              "app in (vllm,sglang),tier!=test",
              "app in (vllm,sglang),tier!=test"),
          key("gateway.modelServices", List.of(), "[vllm]", List.of("vllm")));

  private static Arguments key(String path, Object byDefault, String text, Object value) {
    return Arguments.of(path, byDefault, text, value);
  }

  private static Arguments duration(String path, long byDefault, String text, long value) {
    return Arguments.of(path, Duration.ofMillis(byDefault), text, Duration.ofMillis(value));
  }

  static Stream<Arguments> keys() {
    return KEYS.stream();
  }

  /** A document that sets one key, a level of the path on each line. */
  private static String document(String path, String value) {
    String[] names = path.split("\\.", -1);
    var text = new StringBuilder();
    for (int i = 0; i < names.length; i++) {
      text.append("  ".repeat(i)).append(names[i]).append(":");
      text.append(i == names.length - 1 ? " " + value + "\n" : "\n");
    }
    return text.toString();
  }

  private static int line(String path) {
    return path.split("\\.", -1).length;
  }

  @ParameterizedTest
  @MethodSource("keys")
  void eachKeyHasItsDefaultAndCanBeSetAlone(
      String path, Object byDefault, String text, Object value) throws ConfigException {
    Map<String, Object> defaults = Leaves.of(Settings.defaults());
    assertThat(defaults).contains(entry(path, byDefault));

    Map<String, Object> changed = Leaves.of(Settings.parse("s.yaml", document(path, text)));

    var expected = new TreeMap<>(defaults);
    expected.put(path, value);
    assertThat(changed).containsExactlyInAnyOrderEntriesOf(expected);
  }

  @Test
  void theTableAboveHasEveryKey() {
    assertThat(KEYS.stream().map(key -> (String) key.get()[0]))
        .containsExactlyInAnyOrderElementsOf(Leaves.of(Settings.defaults()).keySet());
  }

  @ParameterizedTest
  @MethodSource("keys")
  void anExplicitNullIsTheDefault(String path) throws ConfigException {
    assertThat(Settings.parse("s.yaml", document(path, "null"))).isEqualTo(Settings.defaults());
  }

  @ParameterizedTest
  @MethodSource("keys")
  void aValueOfTheWrongKindIsRefusedAtItsLine(String path) {
    for (String wrong : List.of("{a: {b: 1}}", "[{a: 1}]", "'~ nonsense ~'")) {
      assertThatThrownBy(() -> Settings.parse("s.yaml", document(path, wrong)))
          .isInstanceOf(ConfigException.class)
          .hasMessageStartingWith("s.yaml:" + line(path) + ": " + path)
          .message()
          .contains("found");
    }
  }

  @ParameterizedTest
  @MethodSource("keys")
  void anUnknownNeighbourIsRefusedAtItsLine(String path) {
    int dot = path.lastIndexOf('.');
    String neighbour = path.substring(0, dot + 1) + "nobodyKnows";
    assertThatThrownBy(() -> Settings.parse("s.yaml", document(neighbour, "1")))
        .hasMessageStartingWith(
            "s.yaml:" + line(path) + ": " + neighbour + ": unknown key; known here: ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listener.port | 0 | expected an integer from 1 to 65535, found 0",
        "listener.port | 65536 | expected an integer from 1 to 65535, found 65536",
        "listener.port | \"8888\" | expected an integer from 1 to 65535, found \"8888\"",
        "listener.address | localhost | expected an IP address such as 0.0.0.0 or ::, found \"localhost\"",
        "clientTrafficPolicy.connection.bufferLimit | 1023 | expected a number of bytes from 1024 to 2147483647 such as 4194304 or 4Mi, found \"1023\"",
        "clientTrafficPolicy.connection.bufferLimit | 4MB | expected a number of bytes from 1024 to 2147483647 such as 4194304 or 4Mi, found \"4MB\"",
        "clientTrafficPolicy.connection.bufferLimit | 3Gi | expected a number of bytes from 1024 to 2147483647 such as 4194304 or 4Mi, found \"3Gi\"",
        "clientTrafficPolicy.connection.connectionLimit.value | 0 | expected an integer from 1 to 4294967295, found 0",
        "clientTrafficPolicy.http2.maxConcurrentStreams | 99 | expected an integer from 100 to 2147483647, found 99",
        "envoyPatchPolicy.circuitBreakers.maxConnections | 4294967296 | expected an integer from 0 to 4294967295, found 4294967296",
        "envoyPatchPolicy.circuitBreakers.maxConnections | -1 | expected an integer from 0 to 4294967295, found -1",
        "envoyPatchPolicy.circuitBreakers.maxConnections | 99999999999999999999 | expected an integer from 0 to 4294967295, found 99999999999999999999",
        "envoyPatchPolicy.route.timeout | 60 | expected a duration such as 30s, 1m30s or 500ms, found \"60\"",
        "envoyPatchPolicy.route.timeout | -1s | expected a duration such as 30s, 1m30s or 500ms, found \"-1s\"",
        "envoyPatchPolicy.route.timeout | 1.5s | expected a duration such as 30s, 1m30s or 500ms, found \"1.5s\"",
        "envoyPatchPolicy.route.timeout | 2 m | expected a duration such as 30s, 1m30s or 500ms, found \"2 m\"",
        "envoyPatchPolicy.route.timeout | 123456s | expected a duration such as 30s, 1m30s or 500ms, found \"123456s\"",
        "envoyPatchPolicy.route.connectTimeout | 0s | expected a duration from 1ms to 99999h, found \"0s\"",
        "envoyPatchPolicy.connection.tcpKeepalive.idleTime | 1500ms | expected whole seconds, found 1s500ms",
        "gatewayPlugin.messageTimeout | 61m | expected a duration from 1ms to 1h, found \"61m\"",
        "gatewayPlugin.failOpen | yes | expected true or false, found \"yes\"",
        "gatewayPlugin.statusOnError | 499 | expected an integer from 500 to 504, found 499",
        "gatewayPlugin.processingMode.request.body | BUFFERED | expected one of None, Buffered, BufferedPartial, Streamed, FullDuplexStreamed, found \"BUFFERED\"",
        "gatewayPlugin.processingMode.response.body | Buffered | expected one of None, Streamed, found \"Buffered\"",
        "gatewayPlugin.addresses | [] | expected at least one address, found an empty list",
        "gatewayPlugin.addresses | 127.0.0.1:1 | expected a list, found \"127.0.0.1:1\"",
        "gatewayPlugin.extProc.backendSettings.http2.connectionKeepalive.interval | 5s | expected a duration from 10s to 99999h, found \"5s\"",
        "gatewayPlugin.extProc.backendSettings.http2.connectionKeepalive.timeout | 30s | 30s is not less than interval 30s, which Envoy Gateway demands",
        "gatewayPlugin.extProc.backendSettings.healthCheck.active.unhealthyThreshold | 2147483648 | expected an integer from 1 to 2147483647, found 2147483648",
        "gatewayPlugin.extProc.backendSettings.healthCheck.active.healthyThreshold | 2147483648 | expected an integer from 1 to 2147483647, found 2147483648",
        "gatewayPlugin.extProc.backendSettings.healthCheck.passive.consecutiveErrors | 2147483648 | expected an integer from 0 to 2147483647, found 2147483648",
        "gateway.name | Pointsman | expected a name of Kubernetes, found \"Pointsman\"",
        "gateway.namespace | a.b | expected a name of Kubernetes without dots, found \"a.b\"",
        "gateway.listeners | [] | expected at least one name, found an empty list",
        "gateway.modelPods.namespaces | [] | expected at least one namespace, or *, found an empty list",
        "gateway.owner.apiVersion | apps/1 | expected something such as apps/v1, found \"apps/1\"",
        "gateway.destination | patch | expected one of originalDst, endpointOverride, found \"patch\"",
        "gatewayPlugin.extProc.backendSettings.healthCheck.passive.maxEjectionPercent | 101 | expected an integer from 0 to 100, found 101",
      })
  void aValueOutOfRangeIsRefused(String path, String value, String reason) {
    assertThatThrownBy(() -> Settings.parse("s.yaml", document(path, value)))
        .hasMessage("s.yaml:" + line(path) + ": " + path + ": " + reason);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:+1",
        "127.0.0.256:1",
        "127.0.0.01:1",
        "1.2.3:1",
        "1.2.3.4.5:1",
        "::1:1",
        "[::1]",
        "[127.0.0.1]:1",
        "[plugin]:1",
        "[fe80::1%eth0]:1",
        ":1",
        "plug in:1",
        "-plugin:1",
        "plugin-:1",
        "plugin..svc:1",
        ".plugin:1",
        "http://plugin:1",
      })
  void anAddressThatIsNoneIsRefused(String address) {
    assertThatThrownBy(
            () ->
                Settings.parse(
                    "s.yaml", "gatewayPlugin:\n  addresses:\n    - a:1\n    - \"" + address + "\""))
        .hasMessage(
            "s.yaml:4: gatewayPlugin.addresses[1]: expected host:port or [IPv6]:port, found \""
                + address
                + "\"");
  }

  @Test
  void anAddressThatIsListedTwiceIsRefused() {
    assertThatThrownBy(
            () -> Settings.parse("s.yaml", "gatewayPlugin: {addresses: ['[::1]:1', '[::1]:1']}"))
        .hasMessage("s.yaml:1: gatewayPlugin.addresses[1]: [::1]:1 is listed twice");
  }

  @Test
  void thePluginCannotBeAllowedToAskForLessTimeThanItHas() {
    assertThatThrownBy(
            () ->
                Settings.parse(
                    "s.yaml", "gatewayPlugin:\n  messageTimeout: 1m\n  maxMessageTimeout: 59s"))
        .hasMessage(
            "s.yaml:3: gatewayPlugin.maxMessageTimeout: 59s is less than messageTimeout 1m: the"
                + " plugin could only ask for less time than it has; make it longer, or 0s to"
                + " switch asking off");
  }

  @Test
  void whereEnvoyFallsBackToAnyBackendTheFilterFailsClosed() throws ConfigException {
    String override = "gateway: {destination: endpointOverride}";
    assertThat(Settings.parse("s.yaml", override).gatewayPlugin().failOpen()).isFalse();
    assertThatThrownBy(
            () -> Settings.parse("s.yaml", override + "\ngatewayPlugin: {failOpen: true}"))
        .hasMessage(
            "s.yaml:2: gatewayPlugin.failOpen: true lets requests pass that the plugin never saw,"
                + " since with gateway.destination endpointOverride Envoy then takes any of the"
                + " backends; make it false");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "listeners: [a, a] | gateway.listeners[1]: a is listed twice",
        "labels: {'a b': c} | gateway.labels.a b: \"a b\" is no key of a label",
        "labels: {a: b c} | gateway.labels.a: expected a label's value, found \"b c\"",
        "modelPods: {namespaces: [a, '*']} | gateway.modelPods.namespaces[1]: expected a name of"
            + " Kubernetes without dots, found \"*\"",
        "owner: {name: A} | gateway.owner.name: expected a name of Kubernetes, found \"A\"",
      })
  void namesThatKubernetesDoesNotTakeAreRefused(String key, String reason) {
    assertThatThrownBy(() -> Settings.parse("s.yaml", "gateway: {" + key + "}"))
        .hasMessage("s.yaml:1: " + reason);
  }

  @Test
  void anOwnerAndANamespaceMayBeLeftEmpty() throws ConfigException {
    assertThat(
            Settings.parse(
                "s.yaml",
                "gateway: {owner: {name: '', namespace: ''}, pluginService: {namespace: ''}}"))
        .isEqualTo(Settings.defaults());
  }

  @Test
  void fewerStreamsToThePluginThanRequestsToPodsAreRefused() {
    assertThatThrownBy(
            () ->
                Settings.parse(
                    "s.yaml", document("envoyPatchPolicy.circuitBreakers.maxRequests", "100000")))
        .hasMessage(
            "s.yaml:1: gatewayPlugin.extProc.backendSettings.circuitBreaker: maxParallelRequests"
                + " (default): 65536 is less than envoyPatchPolicy.circuitBreakers.maxRequests"
                + " 100000: each request to a pod holds one stream to the plugin, so that many"
                + " could never run");
  }

  @Test
  void aRouteThatEndsBeforeItsConnectionIsRefused() {
    assertThatThrownBy(
            () -> Settings.parse("s.yaml", document("envoyPatchPolicy.route.timeout", "5s")))
        .hasMessage(
            "s.yaml:3: envoyPatchPolicy.route.timeout: 5s would end a request before"
                + " connectTimeout 5s does; make it longer, or 0s for none");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "7", "a: 1\na: 2", "listener: {port: 1", "--- {}\n--- {}"})
  void aDocumentThatIsNotOneMappingIsRefused(String text) {
    assertThatThrownBy(() -> Settings.parse("s.yaml", text))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("s.yaml:");
  }

  static Stream<Long> seeds() {
    return IntStream.range(0, 60).mapToObj(i -> 7_919L * i + 1);
  }

  /** Whatever a file holds, it is taken or refused with one line, and nothing else is thrown. */
  @ParameterizedTest
  @MethodSource("seeds")
  void aDamagedFileIsTakenOrRefused(long seed) {
    var random = new SplittableRandom(seed);
    for (int i = 0; i < 20; i++) {
      String damaged = damage(ExampleFile.text(), random);
      try {
        assertThat(Settings.parse("s.yaml", damaged)).isNotNull();
      } catch (ConfigException e) {
        assertThat(e.getMessage()).as("seed %d", seed).startsWith("s.yaml:").doesNotContain("\n");
      }
    }
  }

  private static String damage(String text, SplittableRandom random) {
    var damaged = new StringBuilder(text);
    String alphabet = "{}[]:,-'\"#&*!|>%@`\n\t 0159azÄ\u0000~";
    int changes = 1 + random.nextInt(4);
    for (int i = 0; i < changes; i++) {
      int at = random.nextInt(damaged.length());
      switch (random.nextInt(4)) {
        case 0 -> damaged.setCharAt(at, alphabet.charAt(random.nextInt(alphabet.length())));
        case 1 -> damaged.insert(at, alphabet.charAt(random.nextInt(alphabet.length())));
        case 2 -> damaged.delete(at, Math.min(damaged.length(), at + 1 + random.nextInt(40)));
        default -> damaged.setLength(Math.max(1, at));
      }
    }
    return damaged.toString();
  }
}
