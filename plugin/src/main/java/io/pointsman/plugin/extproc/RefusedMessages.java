package io.pointsman.plugin.extproc;

import io.grpc.Metadata;
import io.grpc.ServerStreamTracer;
import io.grpc.Status;

/**
 * Notices streams that gRPC ends because a message is longer than it may be. No message comes to
 * the service then, and gRPC itself would log a stack trace for each. Thread-safe; one tracer
 * serves all streams.
 */
final class RefusedMessages extends ServerStreamTracer.Factory {
  private final ServerStreamTracer tracer;

  RefusedMessages(FaultLog faults) {
    tracer =
        new ServerStreamTracer() {
          @Override
          public void streamClosed(Status status) {
            if (status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
              faults.report(
                  ProtocolFault.MESSAGE_TOO_LARGE,
                  status.getDescription()
                      + "; --max-message-bytes must be Envoy's buffer limit and 64 KiB more");
            }
          }
        };
  }

  @Override
  public ServerStreamTracer newServerStreamTracer(String method, Metadata headers) {
    return tracer;
  }
}
