package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * Sends prompts to prefill pods over HTTP/1.1, by connections that are kept. Nothing blocks: what
 * takes time happens on threads of its own. Thread-safe.
 */
final class PrefillClient implements AutoCloseable {
  private static final int THREADS = 2;

  /** An answer, whatever its status. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Answer(int status, byte[] body) {}

  private final ExecutorService threads =
      Executors.newFixedThreadPool(
          THREADS,
          task -> {
            var created = new Thread(task, "prefill");
            created.setDaemon(true);
            return created;
          });
  private final HttpClient http;
  private final int maxResponseBytes;

  PrefillClient(Duration connectTimeout, int maxResponseBytes) {
    this.maxResponseBytes = maxResponseBytes;
    http =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(connectTimeout)
            .executor(threads)
            .build();
  }

  /** Where what follows a call may be done. */
  Executor threads() {
    return threads;
  }

  /**
   * Posts a JSON body.
   *
   * @param headers names and values in turn; what no HTTP client may set is left out
   * @return fails with {@link java.util.concurrent.TimeoutException}, {@link CappedBody.TooLarge}
   *     or an {@link java.io.IOException}; its cancellation cancels the call
   */
  CompletableFuture<Answer> post(
      Endpoint pod, String path, List<String> headers, byte[] body, Duration limit) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(uri(pod, path))
            .setHeader("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    for (int i = 0; i < headers.size(); i += 2) {
      try {
        request.setHeader(headers.get(i), headers.get(i + 1));
      } catch (IllegalArgumentException e) {
        // Not for us to pass on.
      }
    }
    CompletableFuture<HttpResponse<byte[]>> sent =
        http.sendAsync(request.build(), info -> new CappedBody(maxResponseBytes));
    var answer = new CompletableFuture<Answer>();
    var unused =
        sent.whenComplete(
            (response, failure) -> {
              if (failure != null) {
                answer.completeExceptionally(failure);
              } else {
                answer.complete(new Answer(response.statusCode(), response.body()));
              }
            });
    cancelWith(answer.orTimeout(limit.toNanos(), TimeUnit.NANOSECONDS), sent);
    return answer;
  }

  /** What is not waited for any more, be it too late or the client gone, is broken off. */
  private static void cancelWith(CompletableFuture<?> answer, CompletableFuture<?> sent) {
    var unused =
        answer.whenComplete(
            (value, failure) -> {
              if (failure != null) {
                sent.cancel(true);
              }
            });
  }

  private static URI uri(Endpoint pod, String path) {
    String base = "http://" + pod.address();
    try {
      return URI.create(base + path);
    } catch (IllegalArgumentException e) {
      int query = path.indexOf('?');
      return URI.create(base + (query < 0 ? path : path.substring(0, query)));
    }
  }

  @Override
  public void close() {
    threads.shutdownNow();
  }
}
