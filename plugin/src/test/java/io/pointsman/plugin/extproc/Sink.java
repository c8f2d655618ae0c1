package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.stub.ServerCallStreamObserver;
import org.jspecify.annotations.Nullable;

/** Takes replies as gRPC would, counts them and keeps the last. */
final class Sink extends ServerCallStreamObserver<ProcessingResponse> {
  @Nullable ProcessingResponse last;
  volatile long replies;
  private long counted;
  long refused;

  @Override
  public void onNext(ProcessingResponse reply) {
    last = reply;
    if (reply.hasImmediateResponse()) {
      refused++;
    }
    counted++;
    replies = counted;
  }

  @Override
  public void onError(Throwable cause) {
    throw new IllegalStateException(cause);
  }

  @Override
  public void onCompleted() {}

  @Override
  public boolean isReady() {
    return true;
  }

  @Override
  public boolean isCancelled() {
    return false;
  }

  @Override
  public void request(int count) {}

  @Override
  public void disableAutoInboundFlowControl() {}

  @Override
  public void disableAutoRequest() {}

  @Override
  public void setOnReadyHandler(Runnable handler) {}

  @Override
  public void setOnCancelHandler(Runnable handler) {}

  @Override
  public void setCompression(String compression) {}

  @Override
  public void setMessageCompression(boolean enable) {}
}
