package io.pointsman.e2e.harness;

import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** A client of the gateway, over HTTP/1.1. Thread-safe. */
public final class GatewayClient {
  private static final Duration LIMIT = Duration.ofSeconds(60);

  private final HttpClient http =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();
  private final String base;

  /** A client of the Envoy that listens on this loopback port. */
  public GatewayClient(int envoyPort) {
    base = "http://127.0.0.1:" + envoyPort;
  }

  /** Sends a request and waits for the whole answer. */
  public Reply send(Ask ask) throws IOException {
    return sendRaw(request(ask));
  }

  /** Sends a request; completes with the whole answer, or with the I/O failure. */
  public CompletableFuture<Reply> sendAsync(Ask ask) {
    long start = System.nanoTime();
    return http.sendAsync(request(ask), BodyHandlers.ofString())
        .thenApply(response -> Reply.of(response, start));
  }

  /** Sends a request and returns when the headers are there, the body still to be read. */
  public HttpResponse<InputStream> open(Ask ask) throws IOException {
    return interruptibly(() -> http.send(request(ask), BodyHandlers.ofInputStream()));
  }

  /** Sends any body by POST. */
  public Reply post(String path, String contentType, String body) throws IOException {
    return sendRaw(
        HttpRequest.newBuilder(URI.create(base + path))
            .timeout(LIMIT)
            .header("content-type", contentType)
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  /** Sends a request with another body. */
  public Reply post(Ask ask, String body) throws IOException {
    return sendRaw(request(ask, body));
  }

  /** {@code GET /v1/models}. */
  public Reply models() throws IOException {
    return sendRaw(HttpRequest.newBuilder(URI.create(base + "/v1/models")).timeout(LIMIT).build());
  }

  /** A request for a model that does not exist: the plugin answers it itself, with 400. */
  Reply probe() throws IOException {
    return send(Ask.of("no-such-model"));
  }

  private Reply sendRaw(HttpRequest request) throws IOException {
    long start = System.nanoTime();
    return Reply.of(interruptibly(() -> http.send(request, BodyHandlers.ofString())), start);
  }

  private HttpRequest request(Ask ask) {
    return request(ask, ask.body());
  }

  private HttpRequest request(Ask ask, String body) {
    var request =
        HttpRequest.newBuilder(URI.create(base + ask.path()))
            .timeout(LIMIT)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(body));
    ask.headers().forEach(request::header);
    return request.build();
  }

  private interface Exchange<T> {
    T run() throws IOException, InterruptedException;
  }

  private static <T> T interruptibly(Exchange<T> exchange) throws IOException {
    try {
      return exchange.run();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }
}
