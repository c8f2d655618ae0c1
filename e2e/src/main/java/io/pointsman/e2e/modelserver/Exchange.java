package io.pointsman.e2e.modelserver;

import io.pointsman.e2e.modelserver.Fault.Hang;
import io.pointsman.e2e.modelserver.Fault.Reset;
import io.pointsman.e2e.modelserver.Fault.Stage;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** One request from the engine to the wire. The engine calls it on its timer's thread. */
final class Exchange implements Engine.Listener {
  private final Request request;
  private final Response response;
  private final Leg leg;
  private final ApiCall call;
  private final Answer answer;
  private final Faults faults;
  private final ResponseWriter writer;
  private final Engine engine;
  private final RequestCounters counters;
  private Engine.@Nullable Sequence sequence;
  private int cachedTokens;
  private boolean headersAreOut;
  private boolean gone;

  Exchange(
      Request request,
      Response response,
      Callback callback,
      Leg leg,
      Answer answer,
      Engine engine,
      Faults faults,
      RequestCounters counters) {
    this.request = request;
    this.response = response;
    this.leg = leg;
    this.call = leg.call();
    this.counters = counters;
    this.answer = answer;
    this.engine = engine;
    this.faults = faults;
    this.writer = new ResponseWriter(response, callback, this::clientGone);
  }

  void start() {
    if (call.stream() && faults.current() instanceof Fault.EarlyHeaders) {
      beginStream();
      writer.write(": wait\n\n");
    }
    CompletableFuture<?> unused = leg.ready().whenComplete((nothing, failure) -> ready(failure));
  }

  private synchronized void ready(@Nullable Throwable failure) {
    if (failure != null) {
      refuse(failure instanceof CompletionException ? failure.getCause() : failure);
    } else if (!gone) {
      counters.count(leg.kind());
      submit();
    }
  }

  private void refuse(@Nullable Throwable cause) {
    var failure =
        cause instanceof TransferFailure known ? known : new TransferFailure("gave up: " + cause);
    if (headersAreOut) {
      writer.end("data: " + failure.body() + "\n\ndata: [DONE]\n\n");
      return;
    }
    response.setStatus(500);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    writer.end(failure.body());
  }

  private void beginStream() {
    headersAreOut = true;
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "text/event-stream; charset=utf-8");
    response.getHeaders().put(Leg.HEADER, leg.kind().text());
  }

  private void submit() {
    sequence =
        engine.submit(
            new Engine.Work(
                call.model(),
                call.prompt(),
                answer.promptTokens(),
                answer.text(),
                answer.tokens().size(),
                call.stream(),
                leg.kind() == Leg.Kind.FETCHED),
            this);
  }

  @Override
  public void onPrefilled(int cachedTokens) {
    this.cachedTokens = cachedTokens;
    leg.prefilled().run();
    if (!call.stream()) {
      return;
    }
    if (!headersAreOut) {
      beginStream();
    }
    begin(call.format().head(answer, cachedTokens));
  }

  @Override
  public void onTokens(int from, int to) {
    var events = new StringBuilder();
    for (int index = from; index < to; index++) {
      events.append(call.format().token(answer, index));
    }
    writer.write(events.toString());
  }

  @Override
  public void onDone() {
    if (call.stream()) {
      writer.end(call.format().tail(answer, cachedTokens, call.includeUsage()));
      return;
    }
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    response.getHeaders().put(Leg.HEADER, leg.kind().text());
    String body = leg.whole().apply(call.format().whole(answer, cachedTokens));
    if (breaksOff(faults.current())) {
      begin(body.substring(0, 1));
      writer.end(body.substring(1));
    } else {
      writer.end(body);
    }
  }

  // The first piece of the body, and what goes wrong right after it.
  private void begin(String piece) {
    Fault fault = faults.current();
    if (!breaksOff(fault)) {
      writer.write(piece);
      return;
    }
    // A comment, where the API has no event before the first token.
    String something = piece.isEmpty() ? ":\n\n" : piece;
    if (fault instanceof Reset) {
      writer.writeThen(
          something,
          () -> {
            Faults.reset(request);
            writer.fail(new IOException("injected reset"));
          });
    } else {
      writer.write(something);
      faults.hang(writer::go);
    }
    writer.hold();
  }

  private static boolean breaksOff(@Nullable Fault fault) {
    return (fault instanceof Reset reset && reset.stage() == Stage.AFTER_FIRST_BYTES)
        || (fault instanceof Hang hang && hang.stage() == Stage.AFTER_FIRST_BYTES);
  }

  private synchronized void clientGone(Throwable failure) {
    gone = true;
    if (sequence != null) {
      engine.abort(sequence);
    }
  }
}
