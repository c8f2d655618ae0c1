package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * One HTTP request as Envoy shows it to us: takes its messages, keeps its reservation, and ends.
 * What the messages of either direction mean is up to {@link RequestSide} and {@link ResponseSide}.
 *
 * <p>gRPC calls in from one thread at a time, but the thread that drains the server comes from
 * elsewhere, and gRPC's observers are not thread-safe. So all that happens here happens under a
 * lock of this stream's own, which nobody waits for unless the server is being drained.
 *
 * <p>Whichever way the stream ends (half-close, cancellation, an error of ours, draining), {@link
 * #finish} is passed exactly once, and that is where the reservation is released. Envoy ends most
 * streams by resetting them, so cancellation is a normal end.
 */
final class RequestStream implements StreamObserver<ProcessingRequest> {
  private final StreamContext context;
  private final ServerCallStreamObserver<ProcessingResponse> out;
  private final Object lock = new Object();
  private final RequestSide request;
  private final ResponseSide response;
  private StreamModes modes = StreamModes.UNTOLD;
  private @Nullable RoutedRequest routed;
  private boolean begun;
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
      try {
        receive(message);
      } catch (RuntimeException e) {
        fail(ProtocolFault.INTERNAL, Status.INTERNAL, "exception in the plugin", e);
      } catch (Error e) {
        finish(false);
        throw e;
      }
      endIfDrained();
      requestNext();
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
      finish(false);
    }
  }

  /** One message is asked for at a time, and none while Envoy does not take our replies. */
  private void requestNext() {
    if (ended) {
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
    if (response.begun()) {
      end();
      return;
    }
    meters.request(RequestMetrics.NO_STRATEGY, rejection.status());
    send(Replies.rejected(rejection));
    end();
  }

  /** Ends the stream with OK: Envoy carries on with the request alone. */
  void end() {
    finish(false);
    out.onCompleted();
  }

  /** Ends the stream because a message came that cannot come now. */
  void outOfOrder(String message) {
    fail(ProtocolFault.OUT_OF_ORDER, Status.FAILED_PRECONDITION, message + ": out of order", null);
  }

  private void fail(ProtocolFault fault, Status status, String what, @Nullable Throwable cause) {
    if (ended) {
      return;
    }
    context.faults().report(fault, what, cause);
    finish(false);
    out.onError(status.withDescription(what).asRuntimeException());
  }

  /** Ends the stream if the server drains and Envoy has all it needs of us. */
  void endIfDrained() {
    if (!context.streams().draining()) {
      return;
    }
    synchronized (lock) {
      if (!ended && routed != null && request.isPast() && response.canGoUnseen()) {
        finish(true);
        out.onCompleted();
      }
    }
  }

  private void finish(boolean drained) {
    if (ended) {
      return;
    }
    ended = true;
    context.streams().remove(this);
    if (routed == null) {
      return;
    }
    routed.decision().reservation().release();
    if (!counted) {
      count(routed, 0);
    }
    RequestMeters meters = context.metrics().model(routed.endpoint().model());
    Ending ending = response.close(routed, meters, drained);
    meters.ended(drained && ending != Ending.COMPLETED ? Ending.DRAINED : ending);
  }
}
