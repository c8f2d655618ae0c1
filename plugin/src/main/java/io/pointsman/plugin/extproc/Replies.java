package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.HeaderSendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.StreamedBodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.envoyproxy.envoy.type.v3.HttpStatus;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.limit.Admission;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Builds what is sent to Envoy. What is the same for every request is built once. */
final class Replies {
  /** Largest piece of a body in a full-duplex reply, in bytes: Envoy advises against 64 KiB. */
  static final int MAX_PIECE = 62_000;

  static final ProcessingResponse REQUEST_BODY_UNCHANGED =
      ProcessingResponse.newBuilder().setRequestBody(BodyResponse.getDefaultInstance()).build();
  static final ProcessingResponse RESPONSE_BODY_UNCHANGED =
      ProcessingResponse.newBuilder().setResponseBody(BodyResponse.getDefaultInstance()).build();
  static final ProcessingResponse REQUEST_TRAILERS_UNCHANGED =
      ProcessingResponse.newBuilder()
          .setRequestTrailers(TrailersResponse.getDefaultInstance())
          .build();
  static final ProcessingResponse RESPONSE_TRAILERS_UNCHANGED =
      ProcessingResponse.newBuilder()
          .setResponseTrailers(TrailersResponse.getDefaultInstance())
          .build();
  static final ProcessingResponse RESPONSE_HEADERS_UNCHANGED =
      ProcessingResponse.newBuilder()
          .setResponseHeaders(HeadersResponse.getDefaultInstance())
          .build();

  /** The namespace of the dynamic metadata that tells the access log receiver the model. */
  static final String METADATA_NAMESPACE = "pointsman";

  static final String METADATA_MODEL = "model";

  private static final HeaderValueOption MARKER =
      HeaderOptions.overwrite(HeaderRules.MARKER, "true");
  private static final HeaderValueOption JSON =
      HeaderOptions.overwrite(HeaderRules.CONTENT_TYPE, "application/json");
  private static final HeaderValueOption RETRY_AFTER = HeaderOptions.overwrite("retry-after", "1");

  private final ExtProcSettings settings;
  private final HeaderMutation removals;
  private final KnownHeader targetAddress = new KnownHeader(HeaderRules.TARGET_POD);
  private final KnownHeader strategy = new KnownHeader(HeaderRules.ROUTING_STRATEGY);
  private final KnownHeader servedByName = new KnownHeader(HeaderRules.TARGET_POD);
  private final KnownHeader servedByAddress = new KnownHeader(HeaderRules.TARGET_POD_IP);
  private final KnownHeader prefilledByName = new KnownHeader(HeaderRules.PREFILL_POD);
  private final KnownHeader prefilledByIp = new KnownHeader(HeaderRules.PREFILL_POD_IP);
  private final KnownHeader prefiller = new KnownHeader(HeaderRules.PREFILLER);
  private final KnownHeader prefillOutcome = new KnownHeader(HeaderRules.PREFILL_OUTCOME);
  private final KnownHeader appliedProfile = new KnownHeader(HeaderRules.APPLIED_PROFILE);
  private final ProcessingResponse undecidedStatic;
  private final ProcessingResponse undecidedBuffered;
  private final ProcessingResponse undecidedPartial;
  private final ProcessingResponse undecidedBufferedCharged;
  private final ProcessingResponse undecidedPartialCharged;

  /**
   * @param hideAuthorization keep the client's key from the pod
   */
  Replies(ExtProcSettings settings, boolean hideAuthorization) {
    this.settings = settings;
    var removed = HeaderMutation.newBuilder().addAllRemoveHeaders(HeaderRules.REMOVED);
    if (hideAuthorization) {
      removed.addRemoveHeaders(HeaderRules.AUTHORIZATION);
    }
    removals = removed.build();
    undecidedStatic = undecided().build();
    undecidedBuffered = undecided(BodyMode.BUFFERED, false);
    undecidedPartial = undecided(BodyMode.BUFFERED_PARTIAL, false);
    undecidedBufferedCharged = undecided(BodyMode.BUFFERED, true);
    undecidedPartialCharged = undecided(BodyMode.BUFFERED_PARTIAL, true);
  }

  /**
   * Answers request headers whose body is still to come. The route is cleared already here: seen on
   * Envoy 1.40, a body that is cut at the buffer limit goes on by the route that is known when it
   * is answered.
   *
   * @param charged the request is charged, so that its response must be seen
   */
  ProcessingResponse undecided(StreamModes modes, boolean charged) {
    if (!modes.overridable()) {
      return undecidedStatic;
    }
    if (modes.request() == BodyMode.BUFFERED_PARTIAL) {
      return charged ? undecidedPartialCharged : undecidedPartial;
    }
    return charged ? undecidedBufferedCharged : undecidedBuffered;
  }

  private ProcessingResponse undecided(BodyMode requestBody, boolean charged) {
    return undecided().setModeOverride(override(requestBody, charged)).build();
  }

  private ProcessingResponse.Builder undecided() {
    return ProcessingResponse.newBuilder()
        .setRequestHeaders(
            HeadersResponse.newBuilder()
                .setResponse(
                    CommonResponse.newBuilder()
                        .setHeaderMutation(removals)
                        .setClearRouteCache(true)));
  }

  /**
   * Answers request headers with the decision; the body need not come any more.
   *
   * @param charged the request is charged, so that its response must be seen
   * @param body what is sent on of a full-duplex body in place of what came, or null
   */
  ProcessingResponse decidedOnHeaders(
      RoutedRequest request, StreamModes modes, boolean charged, @Nullable ByteString body) {
    var reply = decided(request);
    reply.setRequestHeaders(
        HeadersResponse.newBuilder().setResponse(decision(request, removals.toBuilder(), body)));
    if (modes.overridable()) {
      reply.setModeOverride(override(BodyMode.NONE, charged));
    }
    return reply.build();
  }

  /**
   * Answers a request body with the decision.
   *
   * @param body what takes the place of the whole body, or null
   */
  ProcessingResponse decidedOnBody(RoutedRequest request, @Nullable ByteString body) {
    CommonResponse.Builder response = decision(request, HeaderMutation.newBuilder(), body);
    if (body != null) {
      response.setBodyMutation(BodyMutation.newBuilder().setBody(body));
    }
    return decided(request).setRequestBody(BodyResponse.newBuilder().setResponse(response)).build();
  }

  private ProcessingResponse.Builder decided(RoutedRequest request) {
    var reply = ProcessingResponse.newBuilder();
    if (settings.accessLogMetadata()) {
      reply.setDynamicMetadata(metadata(request.endpoint().model()));
    }
    return reply;
  }

  private CommonResponse.Builder decision(
      RoutedRequest request, HeaderMutation.Builder headers, @Nullable ByteString body) {
    headers.addSetHeaders(targetAddress.of(request.endpoint().address()));
    headers.addSetHeaders(strategy.of(request.decision().strategy()));
    PrefillNote prefill = request.prefill();
    if (prefill != null && prefill.pod() != null && prefill.bySidecar()) {
      headers.addSetHeaders(prefiller.of(prefill.pod().address()));
    }
    if (request.newId()) {
      headers.addSetHeaders(HeaderOptions.overwrite(HeaderRules.X_REQUEST_ID, request.requestId()));
    }
    if (body != null) {
      // Envoy drops the length of a body that it is given anew, or takes it for a mistake.
      headers.addSetHeaders(
          HeaderOptions.overwrite(HeaderRules.CONTENT_LENGTH, Integer.toString(body.size())));
    }
    return CommonResponse.newBuilder().setHeaderMutation(headers).setClearRouteCache(true);
  }

  /**
   * Answers the response headers of a routed request.
   *
   * @param readBody ask for the response body in pieces
   * @param admission what the request was charged, or null if it has no limits
   */
  ProcessingResponse responseHeaders(
      RoutedRequest request, boolean readBody, @Nullable Admission admission) {
    if (!settings.responseHeaders() && !readBody && admission == null) {
      return RESPONSE_HEADERS_UNCHANGED;
    }
    var headers = HeadersResponse.newBuilder();
    var mutation = settings.responseHeaders() ? servedBy(request) : HeaderMutation.newBuilder();
    if (admission != null) {
      mutation.addAllSetHeaders(LimitReplies.headers(admission));
    }
    if (mutation.getSetHeadersCount() > 0) {
      headers.setResponse(CommonResponse.newBuilder().setHeaderMutation(mutation));
    }
    var reply = ProcessingResponse.newBuilder().setResponseHeaders(headers);
    if (readBody) {
      reply.setModeOverride(
          override(BodyMode.NONE, true).toBuilder().setResponseBodyMode(BodySendMode.STREAMED));
    }
    return reply.build();
  }

  private HeaderMutation.Builder servedBy(RoutedRequest request) {
    var headers =
        HeaderMutation.newBuilder()
            .addSetHeaders(MARKER)
            .addSetHeaders(HeaderOptions.overwrite(HeaderRules.REQUEST_ID, request.requestId()))
            .addSetHeaders(strategy.of(request.decision().strategy()))
            .addSetHeaders(servedByName.of(request.endpoint().name()))
            .addSetHeaders(servedByAddress.of(request.endpoint().address()));
    PrefillNote prefill = request.prefill();
    if (prefill != null) {
      headers.addSetHeaders(prefillOutcome.of(prefill.outcome()));
      Endpoint pod = prefill.pod();
      if (pod != null) {
        headers
            .addSetHeaders(prefilledByName.of(pod.name()))
            .addSetHeaders(prefilledByIp.of(pod.ip()));
      }
    }
    String profile = request.decision().profile();
    if (profile != null) {
      headers.addSetHeaders(appliedProfile.of(profile));
    }
    String session = request.decision().session();
    if (session != null) {
      headers.addSetHeaders(HeaderOptions.overwrite(HeaderRules.SESSION_ID, session));
    }
    return headers;
  }

  /** Asks Envoy to wait longer for the answer to the message at hand. */
  static ProcessingResponse moreTime(Duration time) {
    return ProcessingResponse.newBuilder()
        .setOverrideMessageTimeout(Durations.fromNanos(time.toNanos()))
        .build();
  }

  /** Refuses the request. */
  static ProcessingResponse rejected(Rejection rejection) {
    return rejected(rejection, rejection.isTemporary() ? List.of(RETRY_AFTER) : List.of());
  }

  /**
   * Refuses the request.
   *
   * @param more headers beside those that tell the error
   */
  static ProcessingResponse rejected(Rejection rejection, List<HeaderValueOption> more) {
    var headers =
        HeaderMutation.newBuilder()
            .addSetHeaders(JSON)
            .addSetHeaders(HeaderOptions.overwrite(rejection.header(), rejection.headerValue()));
    headers.addAllSetHeaders(more);
    return ProcessingResponse.newBuilder()
        .setImmediateResponse(
            ImmediateResponse.newBuilder()
                .setStatus(HttpStatus.newBuilder().setCodeValue(rejection.status()))
                .setHeaders(headers)
                .setBody(ErrorJson.of(rejection))
                .setDetails(rejection.details()))
        .build();
  }

  /** A piece of a full-duplex request body, to go on to the pod. */
  static ProcessingResponse requestPiece(ByteString piece, boolean last) {
    return ProcessingResponse.newBuilder().setRequestBody(piece(piece, last)).build();
  }

  /** A piece of a full-duplex response body, to go on to the client. */
  static ProcessingResponse responsePiece(ByteString piece, boolean last) {
    return ProcessingResponse.newBuilder().setResponseBody(piece(piece, last)).build();
  }

  private static BodyResponse.Builder piece(ByteString piece, boolean last) {
    return BodyResponse.newBuilder()
        .setResponse(
            CommonResponse.newBuilder()
                .setBodyMutation(
                    BodyMutation.newBuilder()
                        .setStreamedResponse(
                            StreamedBodyResponse.newBuilder()
                                .setBody(piece)
                                .setEndOfStream(last))));
  }

  /**
   * Trailers are asked for so that the stream stays open until the request ends (seen on Envoy
   * 1.40: it is cancelled right after the last phase otherwise), and so that a request that
   * consists of headers and trailers comes to be refused.
   */
  private ProcessingMode override(BodyMode requestBody, boolean charged) {
    boolean wantsHeaders =
        charged
            || settings.responseHeaders()
            || settings.passiveHealth()
            || settings.usageMetrics();
    return ProcessingMode.newBuilder()
        .setRequestBodyMode(requestBody.wire())
        .setResponseHeaderMode(wantsHeaders ? HeaderSendMode.SEND : HeaderSendMode.SKIP)
        .setResponseBodyMode(BodySendMode.NONE)
        .setRequestTrailerMode(HeaderSendMode.SEND)
        .setResponseTrailerMode(HeaderSendMode.SEND)
        .build();
  }

  static Struct metadata(String model) {
    var fields =
        Struct.newBuilder()
            .putFields(METADATA_MODEL, Value.newBuilder().setStringValue(model).build());
    return Struct.newBuilder()
        .putFields(METADATA_NAMESPACE, Value.newBuilder().setStructValue(fields).build())
        .build();
  }
}
