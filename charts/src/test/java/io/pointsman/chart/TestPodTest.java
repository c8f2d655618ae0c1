package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SNIHostName;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the script of {@code helm test} by a real curl against servers in place of the pods. */
class TestPodTest {
  private static final String PLUGIN = "rel-gateway-plugin:8080";
  private static final String ENVOY = "ns-rel-envoy.envoy-gateway-system:";
  private static final String TLS =
      "{http: {enabled: false}, tls: {enabled: true, secretName: x, hostname: '*.example.com'}}";

  @TempDir private Path folder;
  private final Queue<String> requests = new ConcurrentLinkedQueue<>();
  private final Queue<Integer> failures = new ConcurrentLinkedQueue<>();
  private HttpServer plugin;
  private HttpServer envoy;

  @BeforeEach
  void start() throws IOException {
    plugin = serve(HttpServer.create(), "plugin");
    envoy = serve(HttpServer.create(), "envoy");
  }

  @AfterEach
  void stop() {
    plugin.stop(0);
    envoy.stop(0);
  }

  private <T extends HttpServer> T serve(T server, String name) throws IOException {
    server.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", exchange -> answer(exchange, name));
    server.start();
    return server;
  }

  private void answer(HttpExchange exchange, String name) throws IOException {
    String host = exchange.getRequestHeaders().getFirst("Host");
    requests.add("%s %s %s".formatted(name, host, exchange.getRequestURI()));
    Integer failure = failures.poll();
    byte[] body = ("answer of " + name).getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(failure == null ? 200 : failure, body.length);
    try (exchange) {
      exchange.getResponseBody().write(body);
    }
  }

  private static String here(HttpServer server) {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** What the script prints, and its exit code. */
  private record Outcome(int exitCode, String output) {}

  private Outcome run(String values) throws Exception {
    String script =
        ((String) Chart.render(values).at("Pod/rel-test", "spec.containers[test].command[2]"))
            .replace(PLUGIN, here(plugin))
            .replaceFirst(ENVOY + "[0-9]+", here(envoy))
            // Patience is the same thing as in the pod, and shorter.
            .replace("--retry 10", "--retry 1")
            .replace("--retry-delay 3", "--retry-delay 1");
    assertThat(script).doesNotContain("rel-gateway-plugin", "envoy-gateway-system", "--retry 10");
    Path output = folder.resolve("output");
    Process process =
        new ProcessBuilder("sh", "-ec", script)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    return new Outcome(process.waitFor(), Files.readString(output));
  }

  @Test
  void itAsksThePluginAndThroughEnvoy() throws Exception {
    Outcome outcome = run("gateway: {httpRoute: {hostnames: [a.example.com, b.example.com]}}");

    assertThat(outcome.exitCode()).as(outcome.output()).isZero();
    assertThat(outcome.output()).contains("answer of plugin", "answer of envoy");
    assertThat(requests)
        .containsExactly("plugin " + here(plugin) + " /readyz", "envoy a.example.com /v1/models");
  }

  @Test
  void whereNoEnvoyIsKnownItAsksThePluginAlone() throws Exception {
    assertThat(run("gateway: {existing: {name: shared}}").exitCode()).isZero();
    assertThat(requests).containsExactly("plugin " + here(plugin) + " /readyz");
  }

  @Test
  void itReachesEnvoyWhereItIsTold() throws Exception {
    String url = "http://" + here(envoy);

    assertThat(run("{gateway: {existing: {name: x}}, tests: {gatewayUrl: '" + url + "'}}"))
        .matches(outcome -> outcome.exitCode() == 0);
    assertThat(requests).endsWith("envoy " + here(envoy) + " /v1/models");
  }

  @Test
  void itTriesAgainWhatIsNotReadyYet() throws Exception {
    failures.add(503);

    assertThat(run("{}").exitCode()).isZero();
    assertThat(requests).hasSize(3);
  }

  @Test
  void itFailsWithTheReasonWhereThePluginStaysAway() throws Exception {
    failures.addAll(List.of(503, 503));

    Outcome outcome = run("{}");

    assertThat(outcome.exitCode()).isNotZero();
    assertThat(outcome.output()).contains("503", "answer of plugin");
    assertThat(requests).as("it goes no further").noneMatch(r -> r.startsWith("envoy"));
  }

  /** Envoy chooses the listener's certificate by the name that a client asks for. */
  @Test
  void throughHttpsItAsksForTheListenersHostName() throws Exception {
    envoy.stop(0);
    HttpsServer server = HttpsServer.create();
    server.setHttpsConfigurator(onlyForExampleCom());
    envoy = serve(server, "envoy");

    Outcome outcome = run("gateway: " + TLS);

    assertThat(outcome.exitCode()).as(outcome.output()).isZero();
    assertThat(requests).last().asString().matches("envoy any\\.example\\.com\\S* /v1/models");
  }

  private HttpsConfigurator onlyForExampleCom() throws Exception {
    Path store = folder.resolve("store.p12");
    Process keytool =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/keytool",
                "-genkeypair",
                "-alias",
                "envoy",
                "-keyalg",
                "EC",
                "-dname",
                "CN=envoy",
                "-keystore",
                store.toString(),
                "-storepass",
                "changeit")
            .redirectErrorStream(true)
            .start();
    String output = new String(keytool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(keytool.waitFor()).as(output).isZero();
    var keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    keys.init(
        KeyStore.getInstance(store.toFile(), "changeit".toCharArray()), "changeit".toCharArray());
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, null);
    return new HttpsConfigurator(context) {
      @Override
      public void configure(HttpsParameters parameters) {
        SSLParameters chosen = getSSLContext().getDefaultSSLParameters();
        chosen.setSNIMatchers(List.of(SNIHostName.createSNIMatcher("any\\.example\\.com")));
        parameters.setSSLParameters(chosen);
      }
    };
  }
}
