package io.pointsman.e2e;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption.HeaderAppendAction;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorImplBase;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.TrailersResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** An ext_proc server that does what a test says: picks an address for every request, or none. */
final class ScriptedPlugin implements AutoCloseable {
  private final Server server;
  private final HealthStatusManager health = new HealthStatusManager();
  private final ConcurrentLinkedQueue<ProcessingRequest> messages = new ConcurrentLinkedQueue<>();
  private final AtomicInteger open = new AtomicInteger();
  private volatile @Nullable String pick;
  private volatile boolean mute;

  ScriptedPlugin(int port, int maxMessageBytes) throws IOException {
    server =
        Grpc.newServerBuilderForPort(port, InsecureServerCredentials.create())
            .addService(new Service())
            .addService(health.getHealthService())
            .maxInboundMessageSize(maxMessageBytes)
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .build()
            .start();
    ready(true);
  }

  int port() {
    return server.getPort();
  }

  /** The address for all requests from now on; null for none. */
  void pick(@Nullable String address) {
    pick = address;
  }

  /** From now on no message is answered. */
  void fallSilent() {
    mute = true;
  }

  void ready(boolean ready) {
    health.setStatus("readiness", ready ? ServingStatus.SERVING : ServingStatus.NOT_SERVING);
  }

  List<ProcessingRequest> messages() {
    return List.copyOf(messages);
  }

  int openStreams() {
    return open.get();
  }

  @Override
  public void close() {
    server.shutdownNow();
    try {
      server.awaitTermination(5, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private final class Service extends ExternalProcessorImplBase {
    @Override
    public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> envoy) {
      open.incrementAndGet();
      return new StreamObserver<>() {
        @Override
        public void onNext(ProcessingRequest request) {
          messages.add(request);
          if (!mute) {
            envoy.onNext(answer(request));
          }
        }

        @Override
        public void onError(Throwable t) {
          open.decrementAndGet();
        }

        @Override
        public void onCompleted() {
          open.decrementAndGet();
          envoy.onCompleted();
        }
      };
    }
  }

  private ProcessingResponse answer(ProcessingRequest request) {
    var response = ProcessingResponse.newBuilder();
    return switch (request.getRequestCase()) {
      case REQUEST_HEADERS ->
          request.getRequestHeaders().getEndOfStream()
              ? response
                  .setRequestHeaders(HeadersResponse.newBuilder().setResponse(decision()))
                  .build()
              : response.setRequestHeaders(HeadersResponse.getDefaultInstance()).build();
      case REQUEST_BODY ->
          response.setRequestBody(BodyResponse.newBuilder().setResponse(decision())).build();
      case RESPONSE_HEADERS ->
          response.setResponseHeaders(HeadersResponse.getDefaultInstance()).build();
      case RESPONSE_BODY -> response.setResponseBody(BodyResponse.getDefaultInstance()).build();
      case REQUEST_TRAILERS ->
          response.setRequestTrailers(TrailersResponse.getDefaultInstance()).build();
      case RESPONSE_TRAILERS ->
          response.setResponseTrailers(TrailersResponse.getDefaultInstance()).build();
      default -> throw new IllegalStateException("unexpected " + request.getRequestCase());
    };
  }

  private CommonResponse decision() {
    String address = pick;
    if (address == null) {
      return CommonResponse.getDefaultInstance();
    }
    return CommonResponse.newBuilder()
        .setClearRouteCache(true)
        .setHeaderMutation(
            HeaderMutation.newBuilder()
                .addSetHeaders(
                    HeaderValueOption.newBuilder()
                        .setHeader(
                            HeaderValue.newBuilder()
                                .setKey("target-pod")
                                .setRawValue(ByteString.copyFromUtf8(address)))
                        .setAppendAction(HeaderAppendAction.OVERWRITE_IF_EXISTS_OR_ADD)))
        .build();
  }
}
