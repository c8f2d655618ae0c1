package io.pointsman.common;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class HttpEndpointServerTest {
  private final HttpClient client = HttpClient.newHttpClient();
  private HttpEndpointServer server;

  @BeforeEach
  void start() throws IOException {
    server =
        HttpEndpointServer.start(
            "test-http",
            BindAddress.parse("127.0.0.1:0"),
            Map.of(
                "/hello", call -> HttpReply.text(200, "hello"),
                "/writes",
                    ((HttpEndpoint) call -> HttpReply.text(200, call.method() + call.body()))
                        .withMethods("POST", "DELETE"),
                "/empty", call -> HttpReply.text(200, ""),
                "/fails",
                    call -> {
                      throw new IllegalStateException("secret detail");
                    }));
  }

  @AfterEach
  void stop() {
    server.close();
  }

  @Test
  void getIsAnsweredWithTheEndpointsReply() throws Exception {
    HttpResponse<String> response = send("GET", "/hello");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEqualTo("hello");
    assertThat(response.headers().firstValue("content-type")).hasValue("text/plain; charset=utf-8");
  }

  @Test
  void emptyReplyIsAnsweredToo() throws Exception {
    assertThat(send("GET", "/empty").body()).isEmpty();
  }

  @Test
  void otherMethodsAndBodiesReachThoseThatWantThem() throws Exception {
    assertThat(send("POST", "/writes", "zo\u00eb").body()).isEqualTo("POSTzo\u00eb");
    assertThat(send("DELETE", "/writes", "").body()).isEqualTo("DELETE");
    HttpResponse<String> refused = send("GET", "/writes");
    assertThat(refused.statusCode()).isEqualTo(405);
    assertThat(refused.headers().firstValue("allow")).hasValue("DELETE, POST");
  }

  @Test
  void aBodyThatIsTooLargeIs413() throws Exception {
    assertThat(send("POST", "/writes", "x".repeat(64 << 10)).statusCode()).isEqualTo(200);
    assertThat(send("POST", "/writes", "x".repeat((64 << 10) + 1)).statusCode()).isEqualTo(413);
  }

  private HttpResponse<String> send(String method, String path, String body) throws Exception {
    return client.send(
        HttpRequest.newBuilder(uri(path)).method(method, BodyPublishers.ofString(body)).build(),
        BodyHandlers.ofString());
  }

  @Test
  void queryStringDoesNotMatter() throws Exception {
    assertThat(send("GET", "/hello?probe=1").statusCode()).isEqualTo(200);
  }

  @Test
  void headIsAnsweredWithTheLengthAndNoBody() throws Exception {
    HttpResponse<String> response = send("HEAD", "/hello");

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).isEmpty();
    assertThat(response.headers().firstValue("content-length")).hasValue("5");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/", "/hello/", "/hello/x", "/hellox", "/HELLO", "/%68ello", "/x/../hello"})
  void onlyTheExactPathMatches(String path) throws Exception {
    HttpResponse<String> response = send("GET", path);

    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(response.body()).isEqualTo("{\"error\":\"not found\"}");
    assertThat(response.headers().firstValue("content-type")).hasValue("application/json");
  }

  @ParameterizedTest
  @ValueSource(strings = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
  void otherMethodsAreNotAllowed(String method) throws Exception {
    HttpResponse<String> response = send(method, "/hello");

    assertThat(response.statusCode()).isEqualTo(405);
    assertThat(response.body()).isEqualTo("{\"error\":\"method not allowed\"}");
    assertThat(response.headers().firstValue("allow")).hasValue("GET, HEAD");
  }

  @Test
  void failingEndpointTellsTheClientNothing() throws Exception {
    HttpResponse<String> response = send("GET", "/fails");

    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.body()).isEqualTo("{\"error\":\"internal error\"}");
  }

  @Test
  void largeRequestBodyIsNotReadAndDoesNoHarm() throws Exception {
    var request =
        HttpRequest.newBuilder(uri("/hello"))
            .method("POST", BodyPublishers.ofByteArray(new byte[8 << 20]))
            .build();
    // The server may answer, or close the connection before it has taken the whole body.
    client.sendAsync(request, BodyHandlers.ofString()).handle((response, error) -> error).join();

    assertThat(send("GET", "/hello").statusCode()).isEqualTo(200);
  }

  @Test
  void clientsThatNeverFinishTheirRequestDoNotHoldTheServer() throws Exception {
    var slow = new ArrayList<Socket>();
    try {
      for (int i = 0; i < 40; i++) {
        var socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.getOutputStream().write("GET /hello HTTP/1.1\r\nHo".getBytes(US_ASCII));
        slow.add(socket);
      }
      var request = HttpRequest.newBuilder(uri("/hello")).timeout(Duration.ofSeconds(45)).build();
      assertThat(client.send(request, BodyHandlers.ofString()).body()).isEqualTo("hello");
    } finally {
      for (Socket socket : slow) {
        socket.close();
      }
    }
  }

  @Test
  void loopbackOnlyEndpointRefusesOtherPeers() throws Exception {
    HttpEndpoint local = ((HttpEndpoint) call -> HttpReply.text(200, "internals")).onLoopbackOnly();

    assertThat(local.answer(from("127.0.0.1")).status()).isEqualTo(200);
    assertThat(local.answer(from("::1")).status()).isEqualTo(200);
    assertThat(local.answer(from("::ffff:127.0.0.1")).status()).isEqualTo(200);
    assertThat(local.answer(from("10.0.0.7")).status()).isEqualTo(403);
    assertThat(local.answer(from("::ffff:10.0.0.7")).status()).isEqualTo(403);
    assertThat(new String(local.answer(from("fe80::1")).body(), US_ASCII))
        .isEqualTo("{\"error\":\"forbidden\"}");
  }

  private static HttpCall from(String address) throws IOException {
    return new HttpCall(InetAddress.getByName(address), "GET", null, null, "");
  }

  private URI uri(String path) {
    return URI.create("http://127.0.0.1:" + server.port() + path);
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    var request = HttpRequest.newBuilder(uri(path)).method(method, BodyPublishers.noBody()).build();
    return client.send(request, BodyHandlers.ofString());
  }
}
