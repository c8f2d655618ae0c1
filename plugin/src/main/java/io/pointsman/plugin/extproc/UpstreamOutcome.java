package io.pointsman.plugin.extproc;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.pointsman.plugin.endpoint.Outcome;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Tells what a response says about the endpoint that it is for. Envoy answers itself where an
 * endpoint does not, and those answers come here too; the attributes {@code response.code_details}
 * and {@code response.flags} tell whose answer it is, if the filter is set to send them.
 *
 * <p>Without them only what is sure counts: an answer with the header that Envoy adds to upstream
 * answers ({@code x-envoy-upstream-service-time}) is the endpoint's, a success is too, and all else
 * says nothing.
 */
final class UpstreamOutcome {
  private static final String FILTER = "envoy.filters.http.ext_proc";
  private static final String VIA_UPSTREAM = "via_upstream";
  private static final String RESET = "upstream_reset_before_response_started{";

  // Bits of response.flags, by their numbers in Envoy's CoreResponseFlag.
  private static final long UPSTREAM_REQUEST_TIMEOUT = 1L << 2;
  private static final long UPSTREAM_REMOTE_RESET = 1L << 4;
  private static final long UPSTREAM_CONNECTION_FAILURE = 1L << 5;
  private static final long UPSTREAM_CONNECTION_TERMINATION = 1L << 6;
  private static final long UPSTREAM_OVERFLOW = 1L << 7;
  private static final long STREAM_IDLE_TIMEOUT = 1L << 16;
  private static final long UPSTREAM_PROTOCOL_ERROR = 1L << 23;
  private static final long CONNECTION_FAILED =
      UPSTREAM_REMOTE_RESET
          | UPSTREAM_CONNECTION_FAILURE
          | UPSTREAM_CONNECTION_TERMINATION
          | UPSTREAM_PROTOCOL_ERROR;

  private static final Set<String> TIMEOUTS =
      Set.of(
          "response_timeout",
          "upstream_per_try_timeout",
          "upstream_per_try_idle_timeout",
          "upstream_max_stream_duration_reached",
          "max_duration_timeout",
          "stream_idle_timeout");

  private UpstreamOutcome() {}

  /**
   * Judges a response-headers message.
   *
   * @param headers what was read of its headers
   */
  static Outcome of(ProcessingRequest message, ResponseHeaders headers) {
    int status = headers.status();
    Struct attributes = attributes(message.getAttributesMap());
    String details = text(attributes, "response.code_details");
    long flags = number(attributes, "response.flags");
    if (details != null && details.equals(VIA_UPSTREAM)) {
      return ofUpstream(status);
    }
    if (flags > 0) {
      boolean overflow = (flags & UPSTREAM_OVERFLOW) != 0;
      boolean failed = (flags & CONNECTION_FAILED) != 0;
      return failed && !overflow ? Outcome.CONNECTION_FAILED : Outcome.NEUTRAL;
    }
    if (details != null) {
      return isConnectionFailure(details) ? Outcome.CONNECTION_FAILED : Outcome.NEUTRAL;
    }
    if (headers.upstreamTime()) {
      return ofUpstream(status);
    }
    return status >= 200 && status < 300 ? Outcome.ANSWERED : Outcome.NEUTRAL;
  }

  /**
   * True if it is sure that no endpoint was sent the request. Flags tell of earlier attempts too,
   * so that the details are asked first.
   */
  static boolean wasNeverSent(ProcessingRequest message) {
    Struct attributes = attributes(message.getAttributesMap());
    String details = text(attributes, "response.code_details");
    if (details == null) {
      long flags = number(attributes, "response.flags");
      return flags > 0 && (flags & (UPSTREAM_CONNECTION_FAILURE | UPSTREAM_OVERFLOW)) != 0;
    }
    return details.startsWith(RESET)
        && (details.contains("connection_failure")
            || details.contains("connection_timeout")
            || details.contains("overflow"));
  }

  /**
   * True if Envoy gave up waiting for an endpoint, which may have worked all the time, and for a
   * client that means to have it work for nothing.
   */
  static boolean tookTooLong(ProcessingRequest message) {
    Struct attributes = attributes(message.getAttributesMap());
    String details = text(attributes, "response.code_details");
    if (details == null) {
      long flags = number(attributes, "response.flags");
      return flags > 0 && (flags & (UPSTREAM_REQUEST_TIMEOUT | STREAM_IDLE_TIMEOUT)) != 0;
    }
    return TIMEOUTS.contains(details);
  }

  private static Outcome ofUpstream(int status) {
    return status >= 502 && status <= 504 ? Outcome.UNAVAILABLE : Outcome.ANSWERED;
  }

  /** Where only the details are sent, as {@code …{remote_connection_failure|why}}. */
  private static boolean isConnectionFailure(String details) {
    return details.startsWith(RESET)
        && (details.contains("connection_failure")
            || details.contains("connection_timeout")
            || details.contains("connection_termination")
            || details.contains("remote_reset")
            || details.contains("protocol_error"));
  }

  private static @Nullable Struct attributes(Map<String, Struct> byFilter) {
    Struct own = byFilter.get(FILTER);
    if (own != null || byFilter.size() != 1) {
      return own;
    }
    return byFilter.values().iterator().next();
  }

  private static @Nullable String text(@Nullable Struct attributes, String name) {
    Value value = attributes == null ? null : attributes.getFieldsMap().get(name);
    return value != null && value.hasStringValue() ? value.getStringValue() : null;
  }

  private static long number(@Nullable Struct attributes, String name) {
    Value value = attributes == null ? null : attributes.getFieldsMap().get(name);
    return value != null && value.hasNumberValue() ? (long) value.getNumberValue() : -1;
  }
}
