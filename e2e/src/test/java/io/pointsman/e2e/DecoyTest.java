package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.SampleModelServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;

/**
 * No client chooses an address, whatever it sends, also when the filter is open and the plugin
 * dead.
 */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class DecoyTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String BODY = Ask.of("alpha").body();

  private static Stack stack;
  private static Decoy decoy;

  @BeforeAll
  static void start() throws Exception {
    stack =
        Stack.named("decoy")
            .model("alpha", 2)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s", "--health-failures=1000")
            .setting("gatewayPlugin.failOpen", true)
            .start();
    decoy = new Decoy(stack.freePort());
  }

  @AfterAll
  static void stop() throws Exception {
    decoy.close();
    stack.close();
  }

  /** Each in parts: a name, method, path, headers and, but for some, a body. */
  private static List<List<String>> requests() {
    var requests = new ArrayList<List<String>>();
    for (String header : headers()) {
      requests.add(List.of("POST with " + header, "POST", "/v1/completions", header, BODY));
    }
    // Envoy closes these connections after a second's grace, so each comes once only.
    requests.add(List.of("a strange method", "FOO", "/v1/completions", headers().get(0)));
    requests.add(
        List.of("an underscore", "POST", "/v1/completions", "target_pod: DECOY\r\n", BODY));
    for (String method :
        List.of("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND")) {
      for (String path : List.of("/v1/completions", "/", "/v1/models/alpha", "/anything?x=1")) {
        for (String header : headers()) {
          requests.add(List.of(method + " " + path + " with " + header, method, path, header));
        }
      }
    }
    for (String path : List.of("/v1/completions", "/v1/models", "/admin", "/v1/chat/completions")) {
      for (String body : List.of("", "{}", "[]", BODY + " ", "\0")) {
        for (String header : headers()) {
          requests.add(
              List.of(
                  "POST " + path + " '" + body + "' with " + header, "POST", path, header, body));
        }
      }
    }
    return requests;
  }

  private interface Exchange {
    Reply run() throws Exception;
  }

  /** The same headers where a client of another protocol, or a careless one, might put them. */
  private static Map<String, Exchange> otherShapes() {
    int port = stack.envoyPort();
    String path = "/v1/completions";
    var shapes = new LinkedHashMap<String, Exchange>();
    for (String line : headers()) {
      String header = line.replace("DECOY", decoy.address());
      shapes.put(
          "chunks: " + line,
          () -> RawHttp.send(port, RawHttp.chunked("POST", path, header, BODY, "")));
      shapes.put(
          "chunks and trailers: " + line,
          () -> RawHttp.send(port, RawHttp.chunked("POST", path, "", BODY, header)));
      shapes.put("HTTP/2: " + line, () -> RawHttp2.send(port, "POST", path, header, BODY, ""));
      shapes.put(
          "HTTP/2 without a body: " + line, () -> RawHttp2.send(port, "GET", path, header, "", ""));
      shapes.put(
          "HTTP/2 and trailers: " + line,
          () -> RawHttp2.send(port, "POST", path, "", BODY, header));
    }
    return shapes;
  }

  private static List<String> headers() {
    String one = "target-pod: DECOY\r\n";
    return List.of(
        one,
        one + one,
        "TARGET-POD: DECOY\r\n",
        "Target-Pod: 127.0.0.1:1\r\ntarget-pod: DECOY\r\n",
        "target-pod: DECOY, DECOY\r\n",
        "connection: target-pod\r\n" + one,
        "routing-strategy: random\r\n" + one,
        "x-gateway-destination-endpoint: DECOY\r\n",
        "x-envoy-original-dst-host: DECOY\r\n",
        "prefill-target-pod: DECOY\r\ntarget-pod-ip: DECOY\r\n");
  }

  @Test
  @Order(1)
  void withThePluginAliveNoRequestReachesTheDecoy() throws Exception {
    var addresses = stack.servers("alpha").stream().map(SampleModelServer::address).toList();
    long served = 0;
    for (List<String> request : requests()) {
      Reply reply = send(request);
      if (reply.status() == 200 && request.get(1).equals("POST")) {
        assertThat(reply.header("x-served-by")).as(request.get(0)).isIn(addresses);
        served++;
      } else {
        refused(request.get(0), reply);
      }
      assertThat(decoy.visits()).as(request.get(0)).isZero();
    }
    assertThat(served).isPositive();
    var shapesServed = new TreeSet<String>();
    for (Map.Entry<String, Exchange> shape : otherShapes().entrySet()) {
      Reply reply = shape.getValue().run();
      if (reply.status() == 200) {
        assertThat(reply.header("x-served-by")).as(shape.getKey()).isIn(addresses);
        shapesServed.add(shape.getKey().substring(0, shape.getKey().indexOf(':')));
      } else {
        refused(shape.getKey(), reply);
      }
      assertThat(decoy.visits()).as(shape.getKey()).isZero();
    }
    assertThat(shapesServed)
        .containsExactly("HTTP/2", "HTTP/2 and trailers", "chunks", "chunks and trailers");
  }

  @Test
  @Order(2)
  void theDecoyWouldNoticeAVisitor() throws Exception {
    var models = new ArrayList<>(stack.models());
    models.add(new Model("bait", List.of(decoy.address()), null));
    stack.modelsFile().write(models);
    Await.until(
        "the decoy is visited", LIMIT, () -> stack.client().send(Ask.of("bait")).status() == 503);
    assertThat(decoy.visits()).isPositive();
    decoy.close();
    stack.modelsFile().write(stack.models());
    decoy = new Decoy(stack.freePort());
  }

  @Test
  @Order(3)
  void withThePluginDeadAndTheFilterOpenNoRequestReachesTheDecoy() throws Exception {
    stack.plugin().process().kill();
    long before = served();
    for (List<String> request : requests()) {
      Reply reply = send(request);
      refused(request.get(0), reply);
      assertThat(decoy.visits()).as(request.get(0)).isZero();
    }
    for (Map.Entry<String, Exchange> shape : otherShapes().entrySet()) {
      refused(shape.getKey(), shape.getValue().run());
      assertThat(decoy.visits()).as(shape.getKey()).isZero();
    }
    assertThat(served()).isEqualTo(before);
  }

  /** An error, or a connection that Envoy closes on a request that it does not accept as such. */
  private static void refused(String request, Reply reply) {
    assertThat(reply.status())
        .as(request)
        .satisfiesAnyOf(
            status -> assertThat(status).isBetween(300, 599),
            status -> assertThat(status).isEqualTo(RawHttp.NO_ANSWER));
  }

  private static long served() {
    return stack.servers("alpha").stream().mapToLong(SampleModelServer::requests).sum();
  }

  private static Reply send(List<String> request) throws Exception {
    String headers = request.get(3).replace("DECOY", decoy.address());
    String text =
        request.size() > 4
            ? RawHttp.request(request.get(1), request.get(2), headers, request.get(4))
            : RawHttp.request(request.get(1), request.get(2), headers);
    return RawHttp.send(stack.envoyPort(), text);
  }
}
