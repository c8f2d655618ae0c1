package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import io.pointsman.e2e.modelserver.KvExports.Export;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;

/** Fetches KV caches at other servers' side channels. Thread-safe. */
final class KvClient {
  private final HttpClient http;
  private final Duration patience;

  /**
   * @param patience how long a fetch may take
   */
  KvClient(Duration patience) {
    this.patience = patience;
    this.http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(patience)
            .build();
  }

  /** Fetches a KV cache that is computed; fails with a {@link TransferFailure}. */
  CompletableFuture<KvCopy> fetch(String host, long port, Export export) {
    return ask(host, port, "/kv", SideChannel.question(export));
  }

  /** Waits in a room for a KV cache; fails with a {@link TransferFailure}. */
  CompletableFuture<KvCopy> waitIn(String host, long port, long room) {
    return ask(host, port, "/room", Json.object("room", room).toString());
  }

  private CompletableFuture<KvCopy> ask(String host, long port, String path, String question) {
    String authority = (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    HttpRequest request;
    try {
      request =
          HttpRequest.newBuilder(URI.create("http://" + authority + path))
              .timeout(patience)
              .POST(BodyPublishers.ofString(question))
              .build();
    } catch (IllegalArgumentException e) {
      return CompletableFuture.failedFuture(new TransferFailure("no address: " + authority));
    }
    var copy = new CompletableFuture<KvCopy>();
    CompletableFuture<?> unused =
        http.sendAsync(request, BodyHandlers.ofString())
            .whenComplete(
                (response, failure) -> {
                  if (failure != null) {
                    copy.completeExceptionally(
                        new TransferFailure("no answer from " + authority + ": " + failure));
                  } else if (response.statusCode() != 200) {
                    copy.completeExceptionally(new TransferFailure(response.body()));
                  } else {
                    copy.complete(read(response));
                  }
                });
    return copy;
  }

  private static KvCopy read(HttpResponse<String> response) {
    JsonObject json = Json.parse(response.body());
    return new KvCopy(json.get("model").getAsString(), json.get("prompt").getAsString());
  }
}
