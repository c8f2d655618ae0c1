package io.pointsman.e2e.replay;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import org.jspecify.annotations.Nullable;

/**
 * Sends streamed chat completions and notes when their first piece came and what usage they report.
 * Hundreds at once need the executor's threads and no more.
 */
final class StreamClient {
  private static final Duration LIMIT = Duration.ofMinutes(2);

  private final HttpClient http;
  private final URI uri;
  private final String model;
  private final Map<String, String> headers;

  /**
   * A client.
   *
   * @param base of the gateway, as in {@code http://127.0.0.1:8888}
   * @param headers sent with every request
   */
  StreamClient(String base, String model, Map<String, String> headers, Executor executor) {
    this.uri = URI.create(base + "/v1/chat/completions");
    this.model = model;
    this.headers = Map.copyOf(headers);
    this.http =
        HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(executor).build();
  }

  /**
   * Sends a request now.
   *
   * @param dueNanos when it should have been sent; times count from there
   * @param waited told on in the outcome
   * @return never fails
   */
  CompletableFuture<Outcome> send(TraceRequest request, long dueNanos, boolean waited) {
    var builder =
        HttpRequest.newBuilder(uri)
            .timeout(LIMIT)
            .header("content-type", "application/json")
            .POST(BodyPublishers.ofString(request.body(model)));
    headers.forEach(builder::header);
    long lag = System.nanoTime() - dueNanos;
    var events = new Events();
    return http.sendAsync(builder.build(), BodyHandlers.fromLineSubscriber(events))
        .handle(
            (response, failure) ->
                response == null
                    ? Outcome.failed(String.valueOf(failure), lag, waited)
                    : outcome(response, events, dueNanos, lag, waited));
  }

  private static Outcome outcome(
      HttpResponse<Void> response, Events events, long dueNanos, long lag, boolean waited) {
    if (response.statusCode() != 200) {
      return Outcome.failed("status " + response.statusCode(), lag, waited);
    }
    String usageEvent = events.usageEvent;
    if (usageEvent == null || !events.done) {
      return Outcome.failed("the stream ended early", lag, waited);
    }
    JsonObject usage =
        JsonParser.parseString(usageEvent).getAsJsonObject().getAsJsonObject("usage");
    JsonObject details = usage.getAsJsonObject("prompt_tokens_details");
    return new Outcome(
        response.headers().firstValue("x-served-by").orElse("unknown"),
        usage.get("prompt_tokens").getAsInt(),
        details == null ? 0 : details.get("cached_tokens").getAsInt(),
        events.firstNanos - dueNanos,
        lag,
        waited,
        null);
  }

  /** Reads server-sent events line by line; the response's completion publishes its fields. */
  private static final class Events implements Flow.Subscriber<String> {
    private static final String DATA = "data: ";

    private long firstNanos;
    private boolean started;
    private boolean done;
    private @Nullable String usageEvent;

    @Override
    public void onSubscribe(Flow.Subscription subscription) {
      subscription.request(Long.MAX_VALUE);
    }

    @Override
    public void onNext(String line) {
      if (!line.startsWith(DATA)) {
        return;
      }
      if (!started) {
        started = true;
        firstNanos = System.nanoTime();
      }
      if (line.contains("\"prompt_tokens\"")) {
        usageEvent = line.substring(DATA.length());
      } else if (line.equals("data: [DONE]")) {
        done = true;
      }
    }

    @Override
    public void onError(Throwable failure) {
      // The response's future fails with it.
    }

    @Override
    public void onComplete() {
      // The response's future completes.
    }
  }
}
