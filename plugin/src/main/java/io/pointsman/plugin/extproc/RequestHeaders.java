package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.pointsman.plugin.routing.RouteHeaders;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * What routing wants from a request's headers. Of a header that is there several times the first
 * counts, and an empty value is as good as none.
 *
 * @param path the {@code :path} header, or empty
 * @param contentType value of {@code content-type}
 * @param authorization value of {@code authorization}; a secret
 * @param routing what routing goes by
 * @param model value of the trusted model header
 * @param requestId value of {@code x-request-id}
 * @param traceparent value of {@code traceparent}
 */
record RequestHeaders(
    String path,
    @Nullable String contentType,
    @Nullable String authorization,
    RouteHeaders routing,
    @Nullable String model,
    @Nullable ByteString requestId,
    @Nullable String traceparent) {
  private static final int TRACE_ID_START = 3;
  private static final int TRACE_ID_END = 35;

  static final RequestHeaders NONE =
      new RequestHeaders("", null, null, RouteHeaders.NONE, null, null, null);

  /**
   * Reads headers as Envoy sends them, names in lower case.
   *
   * @param modelHeader name of the header that is trusted to name the model, or null
   */
  static RequestHeaders read(HeaderMap map, @Nullable String modelHeader) {
    String path = null;
    String contentType = null;
    String authorization = null;
    String strategy = null;
    String profile = null;
    String user = null;
    String sessionId = null;
    String sessionKey = null;
    String filter = null;
    String model = null;
    ByteString requestId = null;
    String traceparent = null;
    List<HeaderValue> headers = map.getHeadersList();
    for (int i = 0; i < headers.size(); i++) {
      HeaderValue header = headers.get(i);
      switch (header.getKey()) {
        case HeaderRules.PATH -> path = first(path, header);
        case HeaderRules.CONTENT_TYPE -> contentType = first(contentType, header);
        case HeaderRules.AUTHORIZATION -> authorization = first(authorization, header);
        case HeaderRules.ROUTING_STRATEGY -> strategy = first(strategy, header);
        case HeaderRules.CONFIG_PROFILE -> profile = first(profile, header);
        case HeaderRules.USER -> user = first(user, header);
        case HeaderRules.SESSION_ID -> sessionId = first(sessionId, header);
        case HeaderRules.SESSION_KEY -> sessionKey = first(sessionKey, header);
        case HeaderRules.EXTERNAL_FILTER -> filter = first(filter, header);
        case HeaderRules.TRACEPARENT -> traceparent = first(traceparent, header);
        case HeaderRules.X_REQUEST_ID ->
            requestId = requestId != null ? requestId : nullIfEmpty(rawValue(header));
        default -> {
          if (header.getKey().equals(modelHeader)) {
            model = first(model, header);
          }
        }
      }
    }
    return new RequestHeaders(
        path == null ? "" : path,
        contentType,
        authorization,
        new RouteHeaders(strategy, profile, user, sessionId, sessionKey, filter),
        model,
        requestId,
        traceparent);
  }

  /**
   * The same without the client's key, which is of no use any more, and with the user that is known
   * in place of the one that was said.
   */
  RequestHeaders admitted(@Nullable String user) {
    return new RequestHeaders(
        path, contentType, null, routing.withUser(user), model, requestId, traceparent);
  }

  /** Tells no key. */
  @Override
  public String toString() {
    return "RequestHeaders[" + path + "]";
  }

  /** A header's value, whichever of the two fields Envoy put it in. */
  static String value(HeaderValue header) {
    ByteString raw = header.getRawValue();
    return raw.isEmpty() ? header.getValue() : raw.toStringUtf8();
  }

  /** The id of a request that has no {@code x-request-id}: its trace id, or a random one. */
  ByteString newRequestId() {
    String id = traceId();
    if (id == null) {
      var random = ThreadLocalRandom.current();
      id = hex(random.nextLong()) + hex(random.nextLong());
    }
    return ByteString.copyFromUtf8(id);
  }

  private @Nullable String traceId() {
    if (traceparent == null || traceparent.length() < TRACE_ID_END) {
      return null;
    }
    for (int i = TRACE_ID_START; i < TRACE_ID_END; i++) {
      char c = traceparent.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return null;
      }
    }
    return traceparent.substring(TRACE_ID_START, TRACE_ID_END);
  }

  private static String hex(long bits) {
    String digits = Long.toHexString(bits);
    return "0".repeat(Long.SIZE / 4 - digits.length()) + digits;
  }

  private static @Nullable String first(@Nullable String earlier, HeaderValue header) {
    if (earlier != null) {
      return earlier;
    }
    String value = value(header).strip();
    return value.isEmpty() ? null : value;
  }

  private static ByteString rawValue(HeaderValue header) {
    ByteString raw = header.getRawValue();
    return raw.isEmpty() ? header.getValueBytes() : raw;
  }

  private static @Nullable ByteString nullIfEmpty(ByteString value) {
    return value.isEmpty() ? null : value;
  }
}
