package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.pointsman.plugin.endpoint.Outcome;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UpstreamOutcomeTest {
  private static final String FILTER = "envoy.filters.http.ext_proc";

  /** Statuses, details and flags as Envoy 1.40 sends them. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "200 | via_upstream | 0 | ANSWERED",
        "404 | via_upstream | 0 | ANSWERED",
        "500 | via_upstream | 0 | ANSWERED",
        "501 | via_upstream | 0 | ANSWERED",
        "502 | via_upstream | 0 | UNAVAILABLE",
        "503 | via_upstream | 0 | UNAVAILABLE",
        "504 | via_upstream | 0 | UNAVAILABLE",
        "505 | via_upstream | 0 | ANSWERED",
        "200 | via_upstream | 32 | ANSWERED",
        "503 | upstream_reset_before_response_started{connection_failure} | 32 | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{remote_connection_failure} | 32 | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{connection_timeout} | 32 | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{connection_termination} | 64 | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{remote_reset} | 16 | CONNECTION_FAILED",
        "502 | upstream_reset_before_response_started{protocol_error} | 8388608 | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{overflow} | 128 | NEUTRAL",
        "503 | upstream_reset_before_response_started{overflow} | 160 | NEUTRAL",
        "503 | upstream_reset_before_response_started{local_reset} | 8 | NEUTRAL",
        "504 | response_timeout | 4 | NEUTRAL",
        "504 | upstream_per_try_timeout | 4 | NEUTRAL",
        "504 | upstream_per_try_idle_timeout | 65536 | NEUTRAL",
        "503 | no_healthy_upstream | 2 | NEUTRAL",
        "503 | cluster_not_found | 16777216 | NEUTRAL",
        "404 | route_not_found | 256 | NEUTRAL",
        "0 | downstream_remote_disconnect | 16384 | NEUTRAL",
        "503 | direct_response | 0 | NEUTRAL",
        "413 | request_payload_too_large | 0 | NEUTRAL"
      })
  void attributesTellWhoseAnswerItIs(int status, String details, long flags, Outcome expected) {
    assertThat(outcome(message(details, number(flags)), status, false)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "503 | upstream_reset_before_response_started{remote_connection_failure,delayed_connect_error:_111} | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{connection_termination} | CONNECTION_FAILED",
        "503 | upstream_reset_before_response_started{overflow} | NEUTRAL",
        "504 | response_timeout | NEUTRAL",
        "503 | via_upstream | UNAVAILABLE"
      })
  void detailsAloneTellToo(String status, String details, String expected) {
    assertThat(outcome(message(details, null), Integer.parseInt(status), false))
        .isEqualTo(Outcome.valueOf(expected));
  }

  @ParameterizedTest
  @CsvSource({"32, CONNECTION_FAILED", "64, CONNECTION_FAILED", "128, NEUTRAL", "4, NEUTRAL"})
  void flagsAloneTellToo(long flags, Outcome expected) {
    assertThat(outcome(message(null, number(flags)), 503, false)).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "200, true, ANSWERED",
    "500, true, ANSWERED",
    "503, true, UNAVAILABLE",
    "200, false, ANSWERED",
    "404, false, NEUTRAL",
    "503, false, NEUTRAL",
    "0, false, NEUTRAL"
  })
  void withoutAttributesOnlyWhatIsSureCounts(int status, boolean upstreamTime, Outcome expected) {
    assertThat(outcome(ProcessingRequest.getDefaultInstance(), status, upstreamTime))
        .isEqualTo(expected);
  }

  @Test
  void valuesOfAnotherTypeCountAsMissing() {
    Value text = Value.newBuilder().setStringValue("UF").build();

    assertThat(outcome(message(null, text), 503, false)).isEqualTo(Outcome.NEUTRAL);
  }

  @Test
  void attributesUnderAnotherFilterNameCountIfTheyAreTheOnlyOnes() {
    Struct attributes = message("via_upstream", number(0)).getAttributesOrThrow(FILTER);
    var renamed = ProcessingRequest.newBuilder().putAttributes("my.ext_proc", attributes).build();

    assertThat(outcome(renamed, 503, false)).isEqualTo(Outcome.UNAVAILABLE);
  }

  private static Outcome outcome(ProcessingRequest message, int status, boolean upstreamTime) {
    return UpstreamOutcome.of(message, new ResponseHeaders(status, upstreamTime, null, null));
  }

  private static Value number(long number) {
    return Value.newBuilder().setNumberValue((double) number).build();
  }

  static ProcessingRequest message(@Nullable String details, @Nullable Value flags) {
    var attributes = Struct.newBuilder();
    if (details != null) {
      attributes.putFields(
          "response.code_details", Value.newBuilder().setStringValue(details).build());
    }
    if (flags != null) {
      attributes.putFields("response.flags", flags);
    }
    return ProcessingRequest.newBuilder().putAttributes(FILTER, attributes.build()).build();
  }
}
