package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import io.pointsman.e2e.modelserver.Fault.Hang;
import io.pointsman.e2e.modelserver.Fault.Reset;
import io.pointsman.e2e.modelserver.Fault.Slow;
import io.pointsman.e2e.modelserver.Fault.Stage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.eclipse.jetty.http.HttpField;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;

/** The HTTP side: which path means what, and the faults that strike before an answer. */
final class ModelHandler extends Handler.Abstract.NonBlocking {
  private static final int MAX_BODY = 64 << 20;

  private final String name;
  private final ServerSettings settings;
  private final Engine engine;
  private final EngineMetrics metrics;
  private final Transfer transfer;
  private final Timer timer;
  private final Faults faults;
  private final RequestCounters counters;
  private final AtomicLong ids = new AtomicLong();
  private volatile Consumer<ReceivedRequest> observer = request -> {};

  ModelHandler(
      String name,
      ServerSettings settings,
      Engine engine,
      EngineMetrics metrics,
      Transfer transfer,
      Timer timer,
      Faults faults,
      RequestCounters counters) {
    this.name = name;
    this.settings = settings;
    this.engine = engine;
    this.metrics = metrics;
    this.transfer = transfer;
    this.timer = timer;
    this.faults = faults;
    this.counters = counters;
  }

  void observe(Consumer<ReceivedRequest> observer) {
    this.observer = observer;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    response.getHeaders().put("x-served-by", name);
    String path = Request.getPathInContext(request);
    boolean get = request.getMethod().equals("GET");
    if (ApiCall.isPath(path)) {
      if (request.getMethod().equals("POST")) {
        generate(path, request, response, callback);
      } else {
        answer(response, callback, 405, "{\"detail\":\"Method Not Allowed\"}");
      }
    } else if (get && path.equals("/health")) {
      answer(response, callback, 200, "");
    } else if (get && path.equals("/v1/models")) {
      answer(response, callback, 200, models());
    } else if (get && path.equals("/metrics")) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/plain; version=0.0.4");
      Content.Sink.write(response, true, metrics.scrape(), callback);
    } else {
      answer(response, callback, 404, "{\"detail\":\"Not Found\"}");
    }
    return true;
  }

  private void generate(String path, Request request, Response response, Callback callback) {
    counters.begin();
    Request.addCompletionListener(request, failure -> counters.end());
    Content.Source.asByteArrayAsync(
        request,
        MAX_BODY,
        new Promise.Invocable.NonBlocking<>() {
          @Override
          public void succeeded(byte[] body) {
            observer.accept(received(request, body));
            Runnable next = () -> serve(path, body, request, response, callback);
            faulted(request, response, callback, next);
          }

          @Override
          public void failed(Throwable failure) {
            callback.failed(failure);
          }
        });
  }

  private void faulted(Request request, Response response, Callback callback, Runnable next) {
    Fault fault = faults.next();
    if (fault instanceof Reset reset && reset.stage() == Stage.BEFORE_HEADERS) {
      Faults.reset(request);
      callback.failed(new IOException("injected reset"));
    } else if (fault instanceof Fault.Garbage) {
      Faults.answerGarbage(request, callback);
    } else if (fault instanceof Hang hang && hang.stage() == Stage.BEFORE_HEADERS) {
      faults.hang(next);
    } else if (fault instanceof Fault.Status status) {
      answer(response, callback, status.code(), ErrorJson.internal(status.code()));
    } else if (fault instanceof Fault.Oversized oversized) {
      new OversizedAnswer(response, callback, oversized.bytes()).send();
    } else if (fault instanceof Slow slow) {
      timer.at(timer.nanos() + slow.delay().toNanos(), next);
    } else {
      next.run();
    }
  }

  private void serve(
      String path, byte[] body, Request request, Response response, Callback callback) {
    try {
      ApiCall call = ApiCall.read(path, request.getHeaders().get(HttpHeader.CONTENT_TYPE), body);
      if (!settings.models().contains(call.model())) {
        throw BadRequest.unknownModel(call.model());
      }
      String id = call.idPrefix() + ids.incrementAndGet();
      Leg leg = transfer.leg(call, id);
      call = leg.call();
      int tokens = call.answerTokens() > 0 ? call.answerTokens() : settings.answerTokens();
      int promptTokens = KvCache.tokens(call.prompt());
      if (promptTokens + tokens > settings.maxTokens()) {
        throw new BadRequest(
            "This model's maximum context length is %d tokens. However, you requested %d tokens"
                .formatted(settings.maxTokens(), promptTokens + tokens));
      }
      var answer =
          new Answer(
              id,
              TimeUnit.MILLISECONDS.toSeconds(System.currentTimeMillis()),
              call.model(),
              name,
              promptTokens,
              Answer.tokens(call.prompt(), tokens));
      new Exchange(request, response, callback, leg, answer, engine, faults, counters).start();
    } catch (BadRequest e) {
      answer(response, callback, e.status(), e.body());
    }
  }

  private String models() {
    var data = new JsonArray();
    String base = settings.models().get(0);
    for (String model : settings.models()) {
      JsonObject entry =
          Json.object(
              "id",
              model,
              "object",
              "model",
              "created",
              0,
              "owned_by",
              "vllm",
              "max_model_len",
              settings.maxTokens());
      if (!model.equals(base)) {
        entry.addProperty("parent", base);
      }
      data.add(entry);
    }
    return Json.object("object", "list", "data", data).toString();
  }

  private static void answer(Response response, Callback callback, int status, String body) {
    response.setStatus(status);
    if (!body.isEmpty()) {
      response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    }
    Content.Sink.write(response, true, body, callback);
  }

  private static ReceivedRequest received(Request request, byte[] body) {
    Map<String, List<String>> headers = new TreeMap<>();
    for (HttpField field : request.getHeaders()) {
      String key = field.getName().toLowerCase(Locale.ROOT);
      headers.put(key, request.getHeaders().getValuesList(key));
    }
    return new ReceivedRequest(
        request.getMethod(),
        request.getHttpURI().getPathQuery(),
        headers,
        new String(body, StandardCharsets.UTF_8));
  }
}
