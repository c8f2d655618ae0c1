package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import io.pointsman.e2e.harness.Ports;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/** A prefill server and a decode server of one engine, and a client that plays the router. */
final class ServerPair implements AutoCloseable {
  static final Duration LIMIT = Duration.ofSeconds(20);
  static final String PROMPT = "tell me of the old man and the sea, and of the fish that he met";
  static final int PROMPT_TOKENS = 16;

  private static final String COMPLETIONS = "/v1/completions";

  private final Ports ports = new Ports();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  final SampleModelServer prefill;
  final SampleModelServer decode;

  ServerPair(Protocol protocol, Duration patience) {
    prefill = start(new Disaggregation(protocol, Role.PREFILL, patience));
    decode = start(new Disaggregation(protocol, Role.DECODE, patience));
  }

  /** Starts a further server, to be closed by the caller. */
  SampleModelServer start(Disaggregation part) {
    return new SampleModelServer(
            ServerSettings.instant("m").withDisaggregation(part),
            InetAddress.getLoopbackAddress(),
            ports.next(),
            ports.next())
        .start();
  }

  /** A client's request with changes, as a router makes them. */
  static JsonObject body(Consumer<JsonObject> change) {
    JsonObject body = Json.object("model", "m", "prompt", PROMPT, "max_tokens", 8);
    change.accept(body);
    return body;
  }

  /** The answer's text that every server gives to {@link #body}. */
  static String text() {
    return String.join("", Answer.tokens(PROMPT, 8));
  }

  HttpResponse<String> post(SampleModelServer server, JsonObject body) throws Exception {
    return post(server, COMPLETIONS, body);
  }

  HttpResponse<String> post(SampleModelServer server, String path, JsonObject body)
      throws Exception {
    return client.send(request(server, path, body), BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> postAsync(SampleModelServer server, JsonObject body) {
    return client.sendAsync(request(server, COMPLETIONS, body), BodyHandlers.ofString());
  }

  /** The value of {@code x-kv-transfer}; the status where there is none. */
  static String kvTransfer(HttpResponse<String> response) {
    return response.headers().firstValue("x-kv-transfer").orElse("" + response.statusCode());
  }

  private static HttpRequest request(SampleModelServer server, String path, JsonObject body) {
    return HttpRequest.newBuilder(URI.create("http://" + server.address() + path))
        .timeout(LIMIT)
        .POST(BodyPublishers.ofString(body.toString()))
        .build();
  }

  @Override
  public void close() {
    prefill.close();
    decode.close();
    ports.close();
  }
}
