package io.pointsman.chart;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stands in for a cluster's API server, which cannot run here, as far as Helm's {@code lookup} asks
 * it: Secrets by name. Helm finds it by the kubeconfig that the environment variable {@code
 * KUBECONFIG} names, and by nothing else, so that no test ever asks a real cluster. Thread-safe.
 */
final class ApiServer {
  /**
   * For tests that run at the same time: who writes here locks it, and so who needs what is here.
   */
  static final String LOCK = "ApiServer";

  private static final String RESOURCES =
      "{\"kind\":\"APIResourceList\",\"groupVersion\":\"v1\",\"resources\":[{\"name\":\"secrets\","
          + "\"singularName\":\"secret\",\"namespaced\":true,\"kind\":\"Secret\",\"verbs\":[\"get\"]}]}";
  static final String NOT_FOUND =
      "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"NotFound\","
          + "\"code\":404}";

  private static final ApiServer INSTANCE = new ApiServer();

  private final Map<String, String> secrets = new ConcurrentHashMap<>();

  private ApiServer() {
    String kubeconfig = System.getenv("KUBECONFIG");
    if (kubeconfig == null) {
      throw new IllegalStateException(
          "KUBECONFIG must name a file that the tests may write, as charts/pom.xml sets it");
    }
    try {
      var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
      server.createContext("/", this::answer);
      // Its thread inherits from the one that starts it that no program waits for it.
      var starter = new Thread(server::start);
      starter.setDaemon(true);
      starter.start();
      starter.join();
      Files.writeString(Path.of(kubeconfig), kubeconfig(server.getAddress().getPort()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Forgets every Secret; and makes sure that Helm finds the server at all. */
  static void clear() {
    INSTANCE.secrets.clear();
  }

  /** Stores a Secret that a rendering made, as an installation does. */
  static void put(Map<String, Object> secret) {
    Map<String, Object> metadata = Yaml.map(secret.get("metadata"));
    INSTANCE.secrets.put(
        "/api/v1/namespaces/%s/secrets/%s"
            .formatted(metadata.get("namespace"), metadata.get("name")),
        Json.write(secret));
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String body = path.equals("/api/v1") ? RESOURCES : secrets.getOrDefault(path, NOT_FOUND);
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(body.equals(NOT_FOUND) ? 404 : 200, bytes.length);
    try (exchange) {
      exchange.getResponseBody().write(bytes);
    }
  }

  /** A kubeconfig for an API server on this machine. */
  static String kubeconfig(int port) {
    return """
        apiVersion: v1
        kind: Config
        clusters: [{name: test, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: test, user: {}}]
        contexts: [{name: test, context: {cluster: test, user: test}}]
        current-context: test
        """
        .formatted(port);
  }
}
