package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.settings.Settings;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the command line of the Job before a deletion, with its environment and settings. */
class DeletionJobTest {
  private static final String JOB = "Job/rel-delete-policies";

  @TempDir private Path folder;
  private final Map<String, String> objects = new ConcurrentHashMap<>();
  private final Queue<String> deleted = new ConcurrentLinkedQueue<>();

  @Test
  void itDeletesThePatchFirstAndWhatRemovesHeadersLast() throws Exception {
    Rendered rendered = Chart.render();
    Map<String, Object> mounted =
        Yaml.map(rendered.object("ConfigMap/rel-xds-controller").get("data"));
    String file = String.valueOf(mounted.get("settings.yaml"));
    Files.writeString(folder.resolve("settings.yaml"), file);
    List<Policy> policies = Policies.from(Settings.parse("values", file));
    policies.forEach(policy -> objects.put(path(policy), Json.write(policy.manifest())));
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
    try {
      Process job = start(rendered, server.getAddress().getPort());
      int exitCode = job.waitFor();

      assertThat(exitCode).as(Files.readString(folder.resolve("output"))).isZero();
    } finally {
      server.stop(0);
    }
    assertThat(objects)
        .containsOnlyKeys("/apis/coordination.k8s.io/v1/namespaces/ns/leases/rel-xds-controller");
    assertThat(deleted).hasSameSizeAs(policies).first().asString().contains("envoypatchpolicies");
    assertThat(deleted).last().asString().contains("clienttrafficpolicies");
  }

  private static String path(Policy policy) {
    return "/apis/gateway.envoyproxy.io/v1alpha1/namespaces/%s/%s/%s"
        .formatted(policy.id().namespace(), policy.id().kind().plural(), policy.id().name());
  }

  private Process start(Rendered rendered, int port) throws IOException {
    var command = new ArrayList<String>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.add("io.pointsman.xds.app.Main"); // as the image starts it
    Yaml.list(container(rendered).get("args")).forEach(arg -> command.add((String) arg));
    var builder =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile());
    for (Object entry : Yaml.list(container(rendered).get("env"))) {
      String name = String.valueOf(Yaml.map(entry).get("name"));
      String value = String.valueOf(Yaml.map(entry).get("value"));
      builder.environment().put(name, value.replace("/etc/pointsman", folder.toString()));
    }
    Path kubeconfig = folder.resolve("kubeconfig");
    Files.writeString(kubeconfig, ApiServer.kubeconfig(port));
    builder.environment().put("KUBECONFIG", kubeconfig.toString());
    return builder.start();
  }

  private static Map<String, Object> container(Rendered rendered) {
    Map<String, Object> template =
        Yaml.map(Yaml.map(rendered.object(JOB).get("spec")).get("template"));
    return Yaml.map(Yaml.list(Yaml.map(template.get("spec")).get("containers")).get(0));
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath();
    String sent = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
    String body =
        switch (exchange.getRequestMethod()) {
          case "POST" -> {
            String name = (String) Yaml.map(Yaml.document(sent).get("metadata")).get("name");
            objects.put(path + "/" + name, sent);
            yield sent;
          }
          case "DELETE" -> {
            deleted.add(path);
            yield objects.remove(path);
          }
          default -> objects.get(path);
        };
    byte[] bytes = (body == null ? ApiServer.NOT_FOUND : body).getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(body == null ? 404 : 200, bytes.length);
    try (exchange) {
      exchange.getResponseBody().write(bytes);
    }
  }
}
