package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pointsman.plugin.limit.Admission;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request as Envoy shows it to us: takes its messages, keeps its reservation, and ends.
 * What the messages of either direction mean is up to {@link RequestSide} and {@link ResponseSide}.
 *
 * <p>gRPC calls in from one thread at a time, but the thread that drains the server comes from
 * elsewhere, as do those that complete {@linkplain #await work a decision waits for}, and gRPC's
 * observers are not thread-safe. So all that happens here happens under a lock of this stream's
 * own, which is contended only then.
 *
 * <p>Whichever way the stream ends (half-close, cancellation, an error of ours, draining), {@link
 * #finish} is passed exactly once, and that is where the reservation is released and work that is
 * still under way cancelled. Envoy ends most streams by resetting them, so cancellation is a normal
 * end.
 */
final class RequestStream implements StreamObserver<ProcessingRequest> {
  private final StreamContext context;
  private final ServerCallStreamObserver<ProcessingResponse> out;
  private final Object lock = new Object();
  private final RequestSide request;
  private final ResponseSide response;
  private StreamModes modes = StreamModes.UNTOLD;
  private @Nullable RoutedRequest routed;

  /** What the request waits for before anything more is done with it; null mostly. */
  private @Nullable CompletableFuture<?> awaited;

  /** What goes on beside the request and is of interest while the stream is open; null mostly. */
  private @Nullable CompletableFuture<?> watched;

  /** What the request was charged; null if it has no limits. */
  private @Nullable Admission admission;

  /** Breaks the request off when its time is up; null if it has no end. */
  private @Nullable CompletableFuture<?> timeout;

  private boolean begun;

  /** True while a thread is inside {@link #onNext} or {@link #completed}. */
  private boolean running;

  private boolean owesRequest;
  private boolean counted;
  private boolean ended;

  RequestStream(StreamContext context, ServerCallStreamObserver<ProcessingResponse> out) {
    this.context = context;
    this.out = out;
    request = new RequestSide(this, context);
    response = new ResponseSide(this, context);
  }

  /** Begins to take messages. To be called before gRPC's call handler returns. */
  void start() {
    out.disableAutoRequest();
    out.setOnCancelHandler(this::onCancel);
    out.setOnReadyHandler(this::onReady);
    context.streams().add(this);
    out.request(1);
  }

  @Override
  public void onNext(ProcessingRequest message) {
    synchronized (lock) {
      if (ended) {
        return;
      }
      running = true;
      try {
        receive(message);
      } catch (RuntimeException e) {
        failInternally(e);
      } catch (Error e) {
        finish(null);
        throw e;
      } finally {
        running = false;
      }
      endIfDrained();
      requestNext();
    }
  }

  /**
   * Waits for work that is done elsewhere: until it is complete no message is asked for. Then
   * {@code then} is run with its value or its failure, whichever it has, under this stream's lock,
   * by the thread that completes it, or at once if it is complete already. What {@code then} throws
   * ends the stream as an exception in {@link #onNext} does. It may wait for something else in its
   * turn. If the stream ends before, the work is cancelled and {@code then} never run.
   *
   * <p>Whoever completes the work must hold no lock that its cancellation takes.
   */
  <T> void await(CompletableFuture<T> work, Continuation<T> then) {
    synchronized (lock) {
      if (ended) {
        work.cancel(true);
        return;
      }
      awaited = work;
      var unused =
          work.whenComplete((value, failure) -> completed(work, () -> then.run(value, failure)));
    }
  }

  /**
   * As {@link #await}, for one work that goes on beside the request: messages go on coming. It ends
   * with the stream, and {@code then} must not wait for anything.
   */
  <T> void watch(CompletableFuture<T> work, Continuation<T> then) {
    synchronized (lock) {
      if (ended) {
        work.cancel(true);
        return;
      }
      watched = work;
      var unused =
          work.whenComplete((value, failure) -> completed(work, () -> then.run(value, failure)));
    }
  }

  private void completed(CompletableFuture<?> work, Runnable then) {
    synchronized (lock) {
      boolean wasAwaited = work == awaited;
      if (ended || (!wasAwaited && work != watched)) {
        return;
      }
      if (wasAwaited) {
        awaited = null;
      } else {
        watched = null;
      }
      boolean nested = running;
      running = true;
      try {
        then.run();
      } catch (RuntimeException e) {
        failInternally(e);
      } catch (Error e) {
        // A future keeps to itself what is thrown here.
        failInternally(e);
        throw e;
      } finally {
        running = nested;
      }
      if (nested) {
        // Complete before it was waited for: whoever is running goes on as without a wait.
        return;
      }
      endIfDrained();
      if (wasAwaited) {
        requestNext();
      }
    }
  }

  @Override
  public void onError(Throwable cause) {
    onCancel();
  }

  @Override
  public void onCompleted() {
    synchronized (lock) {
      if (!ended) {
        end();
      }
    }
  }

  private void onCancel() {
    synchronized (lock) {
      finish(null);
    }
  }

  /**
   * One message is asked for at a time, and none while Envoy does not take our replies or the
   * request waits for something.
   */
  private void requestNext() {
    if (ended || awaited != null) {
      return;
    }
    owesRequest = !out.isReady();
    if (!owesRequest) {
      out.request(1);
    }
  }

  private void onReady() {
    synchronized (lock) {
      if (owesRequest) {
        requestNext();
      }
    }
  }

  private void receive(ProcessingRequest message) {
    if (!begun && !begin(message)) {
      return;
    }
    switch (message.getRequestCase()) {
      case REQUEST_HEADERS -> request.onHeaders(message.getRequestHeaders());
      case REQUEST_BODY -> request.onBody(message.getRequestBody());
      case REQUEST_TRAILERS -> request.onTrailers();
      case RESPONSE_HEADERS -> response.onHeaders(message);
      case RESPONSE_BODY -> response.onBody(message.getResponseBody());
      case RESPONSE_TRAILERS -> response.onTrailers();
      case REQUEST_NOT_SET ->
          fail(
              ProtocolFault.UNKNOWN_MESSAGE,
              Status.UNIMPLEMENTED,
              "message of a kind that this version does not know",
              null);
    }
  }

  private boolean begin(ProcessingRequest first) {
    begun = true;
    if (first.getObservabilityMode()) {
      fail(
          ProtocolFault.OBSERVABILITY_MODE,
          Status.UNIMPLEMENTED,
          "the filter must not run in observability_mode: replies would be ignored",
          null);
      return false;
    }
    StreamModes told = StreamModes.of(first);
    if (told == null) {
      fail(
          ProtocolFault.UNKNOWN_MODE,
          Status.UNIMPLEMENTED,
          "body mode that this version does not know",
          null);
      return false;
    }
    modes = told;
    return true;
  }

  StreamModes modes() {
    return modes;
  }

  /** The decision, or null if there is none yet. */
  @Nullable RoutedRequest routed() {
    return routed;
  }

  /** True once the response has begun: too late to refuse the request. */
  boolean responseBegun() {
    return response.begun();
  }

  /** What the request was charged, or null if it has no limits. */
  @Nullable Admission admission() {
    return admission;
  }

  /** True if the request has limits. */
  boolean isCharged() {
    return admission != null;
  }

  /** True if the request is charged by tokens. */
  boolean countsTokens() {
    return admission != null && admission.countsTokens();
  }

  /** Takes over what is being charged, before anything else can fail. */
  void charging(Admission charging) {
    admission = charging;
  }

  /** The request does not get its way: it costs nothing. */
  void refund() {
    if (admission != null) {
      admission.refund();
    }
  }

  /** Breaks the request off if it still runs after so many seconds. */
  void abortAfter(int seconds, Rejection rejection) {
    var end = new CompletableFuture<@Nullable Void>();
    timeout = end;
    var unused =
        end.completeOnTimeout(null, seconds, TimeUnit.SECONDS)
            .thenRun(
                () -> {
                  synchronized (lock) {
                    abort(rejection);
                  }
                });
  }

  /** Takes over what was reserved, before anything else can fail. */
  void decided(RoutedRequest decided) {
    routed = decided;
  }

  void send(ProcessingResponse reply) {
    out.onNext(reply);
  }

  /** Counts a routed request with the status that its client gets, or 0 if none is known. */
  void count(RoutedRequest request, int status) {
    counted = true;
    context
        .metrics()
        .model(request.endpoint().model())
        .request(request.decision().strategyName(), status);
  }

  /**
   * Refuses the request and ends the stream. Once a response has begun, which is then of Envoy's
   * own making, the client gets that one.
   */
  void reject(Rejection rejection, RequestMeters meters) {
    reject(rejection, Replies.rejected(rejection), meters);
  }

  /** As {@link #reject(Rejection, RequestMeters)}, with headers beside those of the error. */
  void reject(Rejection rejection, List<HeaderValueOption> more, RequestMeters meters) {
    reject(rejection, Replies.rejected(rejection, more), meters);
  }

  private void reject(Rejection rejection, ProcessingResponse reply, RequestMeters meters) {
    if (response.begun()) {
      end();
      return;
    }
    meters.request(RequestMetrics.NO_STRATEGY, rejection.status());
    audit(rejection);
    send(reply);
    end();
  }

  /**
   * Breaks off a request that was decided, at any time. If no response headers came, the client
   * gets this error; if they did, its answer is cut (seen on Envoy 1.40), which is all that can be
   * done then. Nothing happens if the stream has ended or all of the response is here.
   */
  void abort(Rejection rejection) {
    RoutedRequest decided = routed;
    if (ended || decided == null || response.complete()) {
      return;
    }
    if (!response.begun()) {
      count(decided, rejection.status());
      decided.decision().reservation().refused();
      audit(rejection);
    }
    send(Replies.rejected(rejection));
    finish(Ending.ABORTED);
    out.onCompleted();
  }

  private void audit(Rejection rejection) {
    if (context.audit().isOn()) {
      context.audit().record(request.refusal(rejection));
    }
  }

  /** Ends the stream with OK: Envoy carries on with the request alone. */
  void end() {
    finish(null);
    out.onCompleted();
  }

  /** Ends the stream because a message came that cannot come now. */
  void outOfOrder(String message) {
    fail(ProtocolFault.OUT_OF_ORDER, Status.FAILED_PRECONDITION, message + ": out of order", null);
  }

  private void failInternally(Throwable cause) {
    fail(ProtocolFault.INTERNAL, Status.INTERNAL, "exception in the plugin", cause);
  }

  private void fail(ProtocolFault fault, Status status, String what, @Nullable Throwable cause) {
    if (ended) {
      return;
    }
    context.faults().report(fault, what, cause);
    finish(null);
    out.onError(status.withDescription(what).asRuntimeException());
  }

  /** Ends the stream if the server drains and Envoy has all it needs of us. */
  void endIfDrained() {
    if (!context.streams().draining()) {
      return;
    }
    synchronized (lock) {
      boolean waits = awaited != null || watched != null;
      if (!ended && !waits && routed != null && request.isPast() && response.canGoUnseen()) {
        finish(Ending.DRAINED);
        out.onCompleted();
      }
    }
  }

  /**
   * @param cause why we end it while the request is still running, or null if it is over
   */
  private void finish(@Nullable Ending cause) {
    if (ended) {
      return;
    }
    ended = true;
    context.streams().remove(this);
    cancel(awaited);
    cancel(watched);
    cancel(timeout);
    if (routed == null) {
      refund();
      return;
    }
    if (awaited != null && cause != Ending.ABORTED) {
      // Gone before its prefill was done: the pod was never sent it.
      routed.decision().reservation().refused();
      refund();
    }
    routed.decision().reservation().release();
    routed.releasePrefill();
    if (!counted) {
      count(routed, 0);
    }
    RequestMeters meters = context.metrics().model(routed.endpoint().model());
    Ending seen = response.close(routed, meters, cause == Ending.DRAINED);
    if (admission != null) {
      admission.end(response.tokens());
    }
    meters.ended(cause != null && seen != Ending.COMPLETED ? cause : seen);
  }

  private static void cancel(@Nullable CompletableFuture<?> work) {
    if (work != null) {
      work.cancel(true);
    }
  }
}
