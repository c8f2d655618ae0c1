package io.pointsman.plugin.extproc;

import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogType;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPResponseProperties;
import io.envoyproxy.envoy.data.accesslog.v3.ResponseFlags;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage.HTTPAccessLogEntries;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.Timer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessLogReceiverTest {
  private final ExtProcFixture fixture =
      new ExtProcFixture(
          new ExtProcSettings(1000, null, false, true, true, false, true),
          ExtProcFixture.TWO_MODELS);
  private final AccessLogReceiver receiver =
      new AccessLogReceiver(new RequestMetrics(fixture.meters, fixture.registry::pools));
  private final AtomicInteger replies = new AtomicInteger();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void entryOfADecisionIsKnownByItsMetadata() {
    var envoy = fixture.open().chatHeaders().body(CHAT);
    envoy.reply();
    ProcessingResponse decision = envoy.reply();

    receive(entry(decision, ResponseFlags.newBuilder()));

    assertThat(finished("llama", "completed")).isOne();
    assertThat(fixture.count("pointsman.response", "model", "llama")).isEqualTo(1234);
    Timer ttft = fixture.meters.get("pointsman.ttft").tag("model", "llama").timer();
    assertThat(ttft.count()).isOne();
    assertThat(ttft.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(350);
  }

  @Test
  void decisionsCarryNoMetadataUnlessAskedFor() {
    try (var plain = new ExtProcFixture()) {
      var envoy = plain.open().chatHeaders().body(CHAT);
      envoy.reply();

      assertThat(envoy.reply().hasDynamicMetadata()).isFalse();
    }
  }

  @Test
  void entriesOfRequestsThatAreNotOursAreIgnored() {
    receive(HTTPAccessLogEntry.newBuilder());

    assertThat(fixture.meters.find("pointsman.requests.finished").counters()).isEmpty();
  }

  @Test
  void modelThatDiscoveryDoesNotKnowMakesNoSeriesOfItsOwn() {
    receive(entry("never-heard-of", ResponseFlags.newBuilder()));

    assertThat(finished("unknown", "completed")).isOne();
    assertThat(finished("never-heard-of", "completed")).isZero();
  }

  @ParameterizedTest
  @CsvSource({"DownstreamStart", "DownstreamPeriodic", "UpstreamPoolReady", "UpstreamEnd"})
  void entriesThatAreNotTheLastAreIgnored(AccessLogType type) {
    var entry = entry("llama", ResponseFlags.newBuilder());
    entry.getCommonPropertiesBuilder().setAccessLogType(type);

    receive(entry);

    assertThat(finished("llama", "completed")).isZero();
  }

  @Test
  void errorsDoNotCountAsFirstTokens() {
    var entry = entry("llama", ResponseFlags.newBuilder());
    entry.getResponseBuilder().setResponseCode(UInt32Value.of(503));

    receive(entry);

    assertThat(fixture.meters.get("pointsman.ttft").tag("model", "llama").timer().count()).isZero();
    assertThat(finished("llama", "completed")).isOne();
  }

  @Test
  void clientThatLeftEarlyStillHadAFirstUpstreamByte() {
    var entry = entry("llama", ResponseFlags.newBuilder().setDownstreamConnectionTermination(true));
    entry.getCommonPropertiesBuilder().clearTimeToFirstDownstreamTxByte();

    receive(entry);

    Timer ttft = fixture.meters.get("pointsman.ttft").tag("model", "llama").timer();
    assertThat(ttft.totalTime(TimeUnit.MILLISECONDS)).isEqualTo(300);
    assertThat(finished("llama", "client_cancelled")).isOne();
  }

  @ParameterizedTest
  @CsvSource({
    "downstream_connection_termination, client_cancelled",
    "downstream_remote_reset, client_cancelled",
    "upstream_overflow, overflow",
    "upstream_request_timeout, timeout",
    "upstream_max_stream_duration_reached, timeout",
    "duration_timeout, timeout",
    "stream_idle_timeout, timeout",
    "upstream_connection_failure, connect_failure",
    "upstream_remote_reset, upstream_reset",
    "upstream_connection_termination, upstream_reset",
    "upstream_protocol_error, upstream_reset",
    "no_healthy_upstream, no_upstream",
    "no_route_found, no_upstream",
    "no_cluster_found, no_upstream",
    "overload_manager, other"
  })
  void flagsTellTheCause(String flag, String cause) {
    var flags = ResponseFlags.newBuilder();
    flags.setField(ResponseFlags.getDescriptor().findFieldByName(flag), true);

    receive(entry("llama", flags));

    assertThat(finished("llama", cause)).isOne();
    assertThat(fixture.count("pointsman.requests.finished")).isOne();
  }

  @Test
  void clientThatLeavesIsTheCauseThoughTheUpstreamWasResetForIt() {
    receive(
        entry(
            "llama",
            ResponseFlags.newBuilder()
                .setDownstreamConnectionTermination(true)
                .setUpstreamRemoteReset(true)));

    assertThat(finished("llama", "client_cancelled")).isOne();
  }

  @Test
  void endOfTheLogIsAnsweredOnce() {
    receive(entry("llama", ResponseFlags.newBuilder()));

    assertThat(replies).hasValue(1);
  }

  private void receive(HTTPAccessLogEntry.Builder entry) {
    var log =
        receiver.streamAccessLogs(
            new StreamObserver<StreamAccessLogsResponse>() {
              @Override
              public void onNext(StreamAccessLogsResponse reply) {
                replies.incrementAndGet();
              }

              @Override
              public void onError(Throwable cause) {
                throw new AssertionError(cause);
              }

              @Override
              public void onCompleted() {}
            });
    log.onNext(
        StreamAccessLogsMessage.newBuilder()
            .setHttpLogs(HTTPAccessLogEntries.newBuilder().addLogEntry(entry))
            .build());
    log.onCompleted();
  }

  private static HTTPAccessLogEntry.Builder entry(String model, ResponseFlags.Builder flags) {
    return entry(
        ProcessingResponse.newBuilder().setDynamicMetadata(Replies.metadata(model)).build(), flags);
  }

  /** An entry as Envoy makes it when it has taken this reply's metadata over. */
  private static HTTPAccessLogEntry.Builder entry(
      ProcessingResponse decision, ResponseFlags.Builder flags) {
    var metadata = Metadata.newBuilder();
    decision
        .getDynamicMetadata()
        .getFieldsMap()
        .forEach((name, value) -> metadata.putFilterMetadata(name, value.getStructValue()));
    return HTTPAccessLogEntry.newBuilder()
        .setCommonProperties(
            AccessLogCommon.newBuilder()
                .setAccessLogType(AccessLogType.DownstreamEnd)
                .setResponseFlags(flags)
                .setTimeToFirstUpstreamRxByte(Durations.fromMillis(300))
                .setTimeToFirstDownstreamTxByte(Durations.fromMillis(350))
                .setMetadata(metadata))
        .setResponse(
            HTTPResponseProperties.newBuilder()
                .setResponseCode(UInt32Value.of(200))
                .setResponseBodyBytes(1234));
  }

  private double finished(String model, String cause) {
    return fixture.count("pointsman.requests.finished", "model", model, "cause", cause);
  }
}
