package io.pointsman.plugin.extproc;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.identity.AuditEvent;
import io.pointsman.plugin.identity.Authentication;
import io.pointsman.plugin.identity.Identity;
import io.pointsman.plugin.limit.Admission;
import io.pointsman.plugin.limit.Verdict;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.JsonSplice;
import io.pointsman.plugin.prompt.Malformed;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.ReadResult;
import io.pointsman.plugin.prompt.SpliceResult;
import io.pointsman.plugin.prompt.SplicedBody;
import io.pointsman.plugin.routing.Decision;
import io.pointsman.plugin.routing.PrefillPlan;
import io.pointsman.plugin.routing.RouteRequest;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The request half of a stream: reads headers and body, has the request decided, and answers each
 * message once. Called under the stream's lock.
 */
final class RequestSide {
  private final RequestStream stream;
  private final StreamContext context;
  private RequestPhase phase = RequestPhase.AWAITING_HEADERS;
  private RequestHeaders headers = RequestHeaders.NONE;
  private @Nullable Api api;
  private String model = "";

  /** Whom the request counts for; null if for nobody, or as long as that is not known. */
  private @Nullable Identity identity;

  /** Holds a full-duplex body until it is whole. */
  private @Nullable BodyBuffer held;

  /** The body as it is to go on to the pod; empty before it is here and after it was sent on. */
  private BodyBytes body = BodyBytes.EMPTY;

  /** True if {@link #body} is not what came, so that it must be sent to Envoy. */
  private boolean bodyChanged;

  /** The request's headers as they came, until it is decided. */
  private HeaderMap received = HeaderMap.getDefaultInstance();

  /** False if Envoy cut the body at its buffer limit. */
  private boolean bodyWhole = true;

  /** True if the message that completed the body was the request's last. */
  private boolean endSeen;

  RequestSide(RequestStream stream, StreamContext context) {
    this.stream = stream;
    this.context = context;
  }

  /** True once nothing of the request has to come here any more. */
  boolean isPast() {
    return switch (phase) {
      case AWAITING_HEADERS, AWAITING_BODY, DECIDING -> false;
      case PASSING_BODY -> mode() != BodyMode.FULL_DUPLEX_STREAMED;
      case AWAITING_TRAILERS, COMPLETE -> true;
    };
  }

  void onHeaders(HttpHeaders message) {
    if (phase != RequestPhase.AWAITING_HEADERS || stream.responseBegun()) {
      stream.outOfOrder("request headers");
      return;
    }
    received = message.getHeaders();
    headers = RequestHeaders.read(received, context.settings().trustedModelHeader());
    api = Api.ofPath(headers.path());
    Authentication who =
        context.authenticator().authenticate(headers.authorization(), headers.routing().user());
    boolean last = message.getEndOfStream();
    if (who instanceof Authentication.Settled known) {
      admit(known, last);
    } else {
      stream.await(
          ((Authentication.Pending) who).answer(),
          (known, failure) -> admit(settled(known, failure), last));
    }
  }

  private static Authentication.Settled settled(
      Authentication.@Nullable Settled known, @Nullable Throwable failure) {
    if (known == null) {
      throw new IllegalStateException("nobody says who sends a request", failure);
    }
    return known;
  }

  /** Goes on with the request, if its sender is good. */
  private void admit(Authentication.Settled who, boolean last) {
    if (who instanceof Authentication.Refused refused) {
      reject(Rejection.of(refused.why()));
      return;
    }
    var accepted = (Authentication.Accepted) who;
    identity = accepted.identity();
    headers = headers.admitted(accepted.user());
    if (api == null) {
      reject(Rejection.UNKNOWN_PATH);
    } else if (last) {
      reject(Rejection.NO_BODY);
    } else if (mode().holdsHeaders()) {
      beginWithBody(api);
    } else {
      decideOnHeaders(api, this::bodyIsMissing);
    }
  }

  private void beginWithBody(Api known) {
    // What a request takes of a budget of tokens is in its body.
    if (context.settings().routeOnHeaders() && !LimitGate.countsTokens(identity)) {
      decideOnHeaders(known, this::awaitBody);
    } else {
      awaitBody();
    }
  }

  private void awaitBody() {
    phase = RequestPhase.AWAITING_BODY;
    if (mode() != BodyMode.FULL_DUPLEX_STREAMED) {
      stream.send(context.replies().undecided(stream.modes(), LimitGate.isCharged(identity)));
    }
  }

  private void bodyIsMissing() {
    context
        .faults()
        .report(
            ProtocolFault.BODY_NOT_SENT,
            "request body mode " + mode() + " with a model or strategy that is in the body");
    reject(Rejection.BODY_NOT_SENT);
  }

  /**
   * Decides without the body.
   *
   * @param needsBody what to do if that cannot be, also where the headers do not tell the model
   */
  private void decideOnHeaders(Api known, Runnable needsBody) {
    long start = System.nanoTime();
    Pool only = context.registry().pools().only();
    String wanted = headers.model() != null || only == null ? headers.model() : only.model();
    if (wanted == null) {
      needsBody.run();
      return;
    }
    decide(
        known,
        new RouteRequest(wanted, headers.routing(), null),
        decision -> {
          if (decision instanceof Decision.NeedsBody) {
            stream.refund();
            needsBody.run();
            return;
          }
          RoutedRequest routed = accept(decision, start);
          if (routed != null) {
            phase = RequestPhase.PASSING_BODY;
            received = HeaderMap.getDefaultInstance();
            stream.send(
                context
                    .replies()
                    .decidedOnHeaders(routed, stream.modes(), stream.isCharged(), null));
          }
        });
  }

  /** Charges the request, which may have to wait for that, and has it routed then. */
  private void decide(Api known, RouteRequest request, Consumer<Decision> then) {
    model = request.model();
    Admission admission = context.limits().admission(identity, request, known);
    if (admission == null) {
      then.accept(context.router().route(request));
      return;
    }
    stream.charging(admission);
    Verdict verdict = admission.begin();
    if (verdict != null) {
      charged(verdict, request, then);
      return;
    }
    stream.await(
        admission.later(),
        (late, failure) -> {
          if (late == null) {
            throw new IllegalStateException("no verdict on a request's limits", failure);
          }
          charged(late, request, then);
        });
  }

  private void charged(Verdict verdict, RouteRequest request, Consumer<Decision> then) {
    if (verdict instanceof Verdict.Refused refused) {
      stream.reject(LimitReplies.refused(refused), LimitReplies.headers(refused), limitMeters());
    } else if (verdict instanceof Verdict.Unavailable unavailable) {
      stream.reject(LimitReplies.unavailable(unavailable.limit()), limitMeters());
    } else {
      then.accept(context.router().route(request));
    }
  }

  private RequestMeters limitMeters() {
    return context.metrics().model(model);
  }

  void onBody(HttpBody message) {
    switch (phase) {
      case AWAITING_HEADERS -> stream.outOfOrder("request body before request headers");
      case AWAITING_BODY -> takeBody(message);
      case DECIDING -> stream.outOfOrder("request body before the answer to the one before");
      case PASSING_BODY -> pass(message);
      case AWAITING_TRAILERS -> stream.outOfOrder("second request body");
      case COMPLETE -> afterEnd("request body");
    }
  }

  private void takeBody(HttpBody message) {
    if (mode() == BodyMode.FULL_DUPLEX_STREAMED) {
      hold(message);
      return;
    }
    boolean complete = mode() == BodyMode.BUFFERED || message.getEndOfStream();
    decideOnBody(BodyBytes.of(message.getBody()), complete, message.getEndOfStream());
  }

  private void hold(HttpBody message) {
    if (held == null) {
      held = new BodyBuffer(context.settings().maxBodyBytes());
    }
    if (!held.append(message.getBody())) {
      reject(Rejection.TOO_LARGE);
    } else if (message.getEndOfStream()) {
      decideOnBody(held.contents(), true, true);
    }
  }

  private void pass(HttpBody message) {
    if (mode() == BodyMode.FULL_DUPLEX_STREAMED) {
      Pieces.each(
          message.getBody(),
          message.getEndOfStream(),
          (piece, last) -> stream.send(Replies.requestPiece(piece, last)));
    } else {
      stream.send(Replies.REQUEST_BODY_UNCHANGED);
    }
    if (message.getEndOfStream()) {
      phase = RequestPhase.COMPLETE;
    }
  }

  void onTrailers() {
    switch (phase) {
      case AWAITING_HEADERS -> stream.outOfOrder("request trailers before request headers");
      case AWAITING_BODY -> trailersEndBody();
      case DECIDING -> stream.outOfOrder("request trailers before the answer to the body");
      case PASSING_BODY, AWAITING_TRAILERS -> passTrailers();
      case COMPLETE -> afterEnd("request trailers");
    }
  }

  private void trailersEndBody() {
    if (held == null) {
      reject(Rejection.NO_BODY);
    } else {
      decideOnBody(held.contents(), true, false);
    }
  }

  private void passTrailers() {
    phase = RequestPhase.COMPLETE;
    stream.send(Replies.REQUEST_TRAILERS_UNCHANGED);
  }

  /** In full duplex, messages already on their way may cross our last piece. */
  private void afterEnd(String message) {
    if (mode() != BodyMode.FULL_DUPLEX_STREAMED) {
      stream.outOfOrder(message + " after the end of the request");
    }
  }

  /**
   * @param complete false if Envoy cut the body at its buffer limit
   * @param last true if the request ends with it, false if it had trailers or has them to come
   */
  private void decideOnBody(BodyBytes whole, boolean complete, boolean last) {
    phase = RequestPhase.DECIDING;
    held = null;
    body = whole;
    bodyWhole = complete;
    endSeen = last;
    if (stream.responseBegun()) {
      // Envoy answered by itself while we waited; nobody wants a decision any more.
      stream.end();
      return;
    }
    if (body.length() == 0 || api == null) {
      reject(Rejection.NO_BODY);
      return;
    }
    long start = System.nanoTime();
    ReadResult read =
        context
            .reader()
            .read(api, headers.contentType(), body.array(), body.offset(), body.length(), complete);
    if (read instanceof Malformed malformed) {
      reject(Rejection.malformed(malformed));
      return;
    }
    var parsed = (ParsedRequest) read;
    String path = headers.path();
    if (LimitGate.lacksUsage(identity, api, parsed) && !addUsage(complete)) {
      return;
    }
    decide(
        api,
        new RouteRequest(parsed.model(), headers.routing(), parsed),
        decision -> {
          RoutedRequest routed = accept(decision, start);
          if (routed != null) {
            deliver(routed, path);
          }
        });
  }

  /** Sends the request on, with a prefill before that if two pods share it. */
  private void deliver(RoutedRequest routed, String path) {
    PrefillPlan plan = routed.decision().prefill();
    if (plan == null) {
      deliver(routed);
    } else if (!bodyWhole && plan.first() != null) {
      stream.refund();
      stream.abort(Rejection.CUT_SHORT);
    } else {
      new PrefillStep(stream, context.prefiller(), routed, this::deliverChanged)
          .begin(plan, path, requireNonNull(api), received, body, bodyWhole);
    }
  }

  private void deliverChanged(RoutedRequest routed, byte @Nullable [] changed) {
    if (changed != null) {
      replaceBody(new BodyBytes(changed, 0, changed.length));
    }
    deliver(routed);
  }

  /** Has the answer tell its usage; false if the request was refused instead. */
  private boolean addUsage(boolean complete) {
    JsonSplice splice = context.limits().addUsage();
    if (splice == null || !complete) {
      reject(Rejection.NO_INCLUDE_USAGE);
      return false;
    }
    SpliceResult result = splice.apply(body.array(), body.offset(), body.length());
    if (result instanceof Malformed malformed) {
      reject(Rejection.malformed(malformed));
      return false;
    }
    byte[] bytes = ((SplicedBody) result).bytes();
    replaceBody(new BodyBytes(bytes, 0, bytes.length));
    return true;
  }

  /**
   * Puts another body in place of the one that came. Only where Envoy holds all of it, or has
   * handed all of it over: not if it was cut, nor if it passes by in pieces.
   */
  void replaceBody(BodyBytes changed) {
    body = changed;
    bodyChanged = true;
  }

  /** Answers what has come of the request, which is all of its body, with the decision. */
  private void deliver(RoutedRequest routed) {
    ByteString whole = bodyChanged ? body.wrapped() : null;
    if (mode() == BodyMode.FULL_DUPLEX_STREAMED) {
      stream.send(
          context.replies().decidedOnHeaders(routed, stream.modes(), stream.isCharged(), whole));
      Pieces.each(
          whole != null ? whole : body.wrapped(),
          endSeen,
          (piece, last) -> stream.send(Replies.requestPiece(piece, last)));
      if (!endSeen) {
        passTrailers();
      }
    } else {
      stream.send(context.replies().decidedOnBody(routed, whole));
    }
    phase =
        endSeen || mode() == BodyMode.FULL_DUPLEX_STREAMED
            ? RequestPhase.COMPLETE
            : RequestPhase.AWAITING_TRAILERS;
    body = BodyBytes.EMPTY;
    received = HeaderMap.getDefaultInstance();
  }

  /** Takes a decision over; null if it is a refusal, which has been sent then. */
  private @Nullable RoutedRequest accept(Decision decision, long start) {
    RequestMetrics metrics = context.metrics();
    if (decision instanceof Decision.Routed routed) {
      ByteString known = headers.requestId();
      long now = System.nanoTime();
      var request =
          new RoutedRequest(
              routed, known != null ? known : headers.newRequestId(), known == null, now, null);
      stream.decided(request);
      headers = RequestHeaders.NONE;
      Integer seconds = routed.timeoutSeconds();
      if (seconds != null) {
        stream.abortAfter(seconds, Rejection.TIMED_OUT);
      }
      metrics.decided(routed.strategyName(), now - start);
      return request;
    }
    if (decision instanceof Decision.UnknownModel unknown) {
      stream.reject(Rejection.unknownModel(unknown.model()), metrics.unknownModel());
    } else if (decision instanceof Decision.NoEndpoints) {
      stream.reject(Rejection.noEndpoints(model), metrics.model(model));
    } else if (decision instanceof Decision.UnknownStrategy unknown) {
      stream.reject(
          Rejection.unknownStrategy(unknown.strategy(), context.router().strategyNames()),
          metrics.model(model));
    } else if (decision instanceof Decision.AllFull) {
      stream.reject(Rejection.allFull(model), metrics.model(model));
    } else if (decision instanceof Decision.NothingFits) {
      stream.reject(Rejection.NOTHING_FITS, metrics.model(model));
    } else if (decision instanceof Decision.NothingSelected) {
      stream.reject(Rejection.NOTHING_SELECTED, metrics.model(model));
    } else {
      throw new IllegalStateException("router asks for a body that it was given");
    }
    return null;
  }

  /** For the audit log: that this request is refused. */
  AuditEvent refusal(Rejection rejection) {
    RoutedRequest routed = stream.routed();
    ByteString id = routed != null ? routed.requestId() : headers.requestId();
    return AuditEvent.rejected(
        identity,
        api == null ? "unknown path" : api.path(),
        rejection.details(),
        rejection.status(),
        id == null ? null : id.toStringUtf8());
  }

  private void reject(Rejection rejection) {
    stream.reject(rejection, context.metrics().unknownModel());
  }

  private BodyMode mode() {
    return stream.modes().request();
  }
}
