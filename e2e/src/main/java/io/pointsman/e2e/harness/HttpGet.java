package io.pointsman.e2e.harness;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Plain GETs against admin ports on loopback. */
final class HttpGet {
  private static final Duration LIMIT = Duration.ofSeconds(5);

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(LIMIT).build();

  /** The answer, whatever its status. */
  HttpResponse<String> get(String uri) throws IOException {
    try {
      return client.send(
          HttpRequest.newBuilder(URI.create(uri)).timeout(LIMIT).build(), BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** The body of an answer that must be a 200. */
  String body(String uri) {
    try {
      HttpResponse<String> response = get(uri);
      if (response.statusCode() != 200) {
        throw new HarnessException(
            "%s answered %d: %s".formatted(uri, response.statusCode(), response.body()));
      }
      return response.body();
    } catch (IOException e) {
      throw new HarnessException(uri + " did not answer: " + e, e);
    }
  }
}
