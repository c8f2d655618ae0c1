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

/**
 * An ext_proc server that picks the same address for every request, or none. It decides on the body
 * where there is one, whatever the real plugin would do, so that Envoy's part can be looked at.
 */
final class ScriptedPlugin implements AutoCloseable {
  private static final int MAX_MESSAGE = 16 * 1024 * 1024;

  private final Server server;
  private final ConcurrentLinkedQueue<ProcessingRequest> messages = new ConcurrentLinkedQueue<>();
  private final AtomicInteger openStreams = new AtomicInteger();
  private volatile @Nullable String pick;

  ScriptedPlugin(@Nullable String pick) throws IOException {
    this.pick = pick;
    var health = new HealthStatusManager();
    health.setStatus("readiness", ServingStatus.SERVING);
    server =
        Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create())
            .addService(new Service())
            .addService(health.getHealthService())
            .maxInboundMessageSize(MAX_MESSAGE)
            .permitKeepAliveTime(5, TimeUnit.SECONDS)
            .permitKeepAliveWithoutCalls(true)
            .build()
            .start();
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /** The address for all requests from now on; null for none. */
  void pick(@Nullable String address) {
    pick = address;
  }

  /** All that Envoy told so far. */
  List<ProcessingRequest> messages() {
    return List.copyOf(messages);
  }

  int openStreams() {
    return openStreams.get();
  }

  @Override
  public void close() throws InterruptedException {
    server.shutdownNow().awaitTermination();
  }

  private final class Service extends ExternalProcessorImplBase {
    @Override
    public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> envoy) {
      openStreams.incrementAndGet();
      return new StreamObserver<>() {
        @Override
        public void onNext(ProcessingRequest request) {
          messages.add(request);
          envoy.onNext(answer(request));
        }

        @Override
        public void onError(Throwable t) {
          openStreams.decrementAndGet();
        }

        @Override
        public void onCompleted() {
          openStreams.decrementAndGet();
          envoy.onCompleted();
        }
      };
    }
  }

  private ProcessingResponse answer(ProcessingRequest request) {
    var response = ProcessingResponse.newBuilder();
    switch (request.getRequestCase()) {
      case REQUEST_HEADERS -> {
        boolean last = request.getRequestHeaders().getEndOfStream();
        response.setRequestHeaders(
            HeadersResponse.newBuilder()
                .setResponse(last ? decision() : CommonResponse.getDefaultInstance()));
      }
      case REQUEST_BODY ->
          response.setRequestBody(BodyResponse.newBuilder().setResponse(decision()));
      case REQUEST_TRAILERS -> response.setRequestTrailers(TrailersResponse.getDefaultInstance());
      case RESPONSE_HEADERS -> response.setResponseHeaders(HeadersResponse.getDefaultInstance());
      case RESPONSE_BODY -> response.setResponseBody(BodyResponse.getDefaultInstance());
      case RESPONSE_TRAILERS -> response.setResponseTrailers(TrailersResponse.getDefaultInstance());
      default -> throw new IllegalStateException("unexpected " + request.getRequestCase());
    }
    return response.build();
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
