package io.pointsman.plugin.extproc;

import com.google.protobuf.Duration;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogCommon;
import io.envoyproxy.envoy.data.accesslog.v3.AccessLogType;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPAccessLogEntry;
import io.envoyproxy.envoy.data.accesslog.v3.HTTPResponseProperties;
import io.envoyproxy.envoy.service.accesslog.v3.AccessLogServiceGrpc.AccessLogServiceImplBase;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsMessage;
import io.envoyproxy.envoy.service.accesslog.v3.StreamAccessLogsResponse;
import io.grpc.stub.StreamObserver;
import org.jspecify.annotations.Nullable;

/**
 * The service {@code envoy.service.accesslog.v3.AccessLogService}: learns from Envoy's access log
 * what the ext_proc stream of a request cannot tell, which is why it ended, when its first byte
 * came, and how long its answer was. Counts entries of routed requests, told by the dynamic
 * metadata {@code pointsman} that decisions carry if {@link ExtProcSettings#accessLogMetadata} is
 * on and the filter is set to accept it; passes over all others. Nothing of it blocks. Thread-safe.
 */
public final class AccessLogReceiver extends AccessLogServiceImplBase {
  private final RequestMetrics metrics;

  /** Makes a receiver that counts with {@code metrics}. */
  public AccessLogReceiver(RequestMetrics metrics) {
    this.metrics = metrics;
  }

  @Override
  public StreamObserver<StreamAccessLogsMessage> streamAccessLogs(
      StreamObserver<StreamAccessLogsResponse> reply) {
    return new StreamObserver<>() {
      @Override
      public void onNext(StreamAccessLogsMessage message) {
        for (HTTPAccessLogEntry entry : message.getHttpLogs().getLogEntryList()) {
          count(entry);
        }
      }

      @Override
      public void onError(Throwable cause) {
        // Envoy went away. Nothing is held for the stream.
      }

      @Override
      public void onCompleted() {
        reply.onNext(StreamAccessLogsResponse.getDefaultInstance());
        reply.onCompleted();
      }
    };
  }

  private void count(HTTPAccessLogEntry entry) {
    AccessLogCommon common = entry.getCommonProperties();
    String model = model(common);
    if (model == null || !isFinal(common)) {
      return;
    }
    HTTPResponseProperties response = entry.getResponse();
    AccessLogMeters meters = metrics.model(model).accessLog();
    meters.finished(FinishCause.of(common.getResponseFlags()), response.getResponseBodyBytes());
    int status = response.getResponseCode().getValue();
    if (status >= 200 && status < 300) {
      countFirstByte(common, meters);
    }
  }

  /** As the client sees it; as Envoy does where the client left before it. */
  private static void countFirstByte(AccessLogCommon common, AccessLogMeters meters) {
    if (common.hasTimeToFirstDownstreamTxByte()) {
      meters.firstByte(nanos(common.getTimeToFirstDownstreamTxByte()));
    } else if (common.hasTimeToFirstUpstreamRxByte()) {
      meters.firstByte(nanos(common.getTimeToFirstUpstreamRxByte()));
    }
  }

  private static long nanos(Duration duration) {
    return Durations.toNanos(duration);
  }

  private static @Nullable String model(AccessLogCommon common) {
    Struct own = common.getMetadata().getFilterMetadataMap().get(Replies.METADATA_NAMESPACE);
    Value model = own == null ? null : own.getFieldsMap().get(Replies.METADATA_MODEL);
    return model != null && model.hasStringValue() ? model.getStringValue() : null;
  }

  private static boolean isFinal(AccessLogCommon common) {
    AccessLogType type = common.getAccessLogType();
    return type == AccessLogType.NotSet || type == AccessLogType.DownstreamEnd;
  }
}
