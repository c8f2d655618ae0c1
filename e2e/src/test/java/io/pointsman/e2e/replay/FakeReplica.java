package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.BodyResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.CommonResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorImplBase;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HeadersResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.Server;
import io.grpc.ServerBuilder;
import io.grpc.stub.StreamObserver;
import io.pointsman.e2e.harness.Ports;
import java.io.IOException;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/** Answers as a plugin replica does, with targets set beforehand; the last one stays. */
final class FakeReplica extends ExternalProcessorImplBase implements AutoCloseable {
  private final Queue<String> targets = new ConcurrentLinkedQueue<>();
  private final List<String> bodies = new CopyOnWriteArrayList<>();
  private final List<ProcessingRequest.RequestCase> messages = new CopyOnWriteArrayList<>();
  private final AtomicInteger open = new AtomicInteger();
  private final AtomicInteger mostOpen = new AtomicInteger();
  private final Server server;

  FakeReplica(Ports ports, String... targets) throws IOException {
    this.targets.addAll(List.of(targets));
    this.server = ServerBuilder.forPort(ports.next()).addService(this).build().start();
  }

  DecisionClient client() {
    return new DecisionClient(address());
  }

  String address() {
    return "127.0.0.1:" + server.getPort();
  }

  /** Kinds of the messages that came, of all streams. */
  List<ProcessingRequest.RequestCase> messages() {
    return messages;
  }

  List<String> bodies() {
    return bodies;
  }

  int open() {
    return open.get();
  }

  int mostOpen() {
    return mostOpen.get();
  }

  @Override
  public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> replies) {
    mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
    return new StreamObserver<>() {
      @Override
      public void onNext(ProcessingRequest request) {
        messages.add(request.getRequestCase());
        var reply = ProcessingResponse.newBuilder();
        if (request.hasRequestHeaders()) {
          reply.setRequestHeaders(HeadersResponse.getDefaultInstance());
        } else if (request.hasResponseHeaders()) {
          reply.setResponseHeaders(HeadersResponse.getDefaultInstance());
        } else if (request.hasResponseBody()) {
          reply.setResponseBody(BodyResponse.getDefaultInstance());
        } else {
          bodies.add(request.getRequestBody().getBody().toStringUtf8());
          String target = targets.size() > 1 ? targets.remove() : targets.peek();
          if (target == null) {
            reply.setImmediateResponse(ImmediateResponse.getDefaultInstance());
          } else {
            reply.setRequestBody(BodyResponse.newBuilder().setResponse(decision(target)));
          }
        }
        replies.onNext(reply.build());
      }

      @Override
      public void onError(Throwable failure) {
        open.decrementAndGet();
      }

      @Override
      public void onCompleted() {
        open.decrementAndGet();
        replies.onCompleted();
      }
    };
  }

  @Override
  public void close() {
    server.shutdownNow();
  }

  private static CommonResponse.Builder decision(String target) {
    var header =
        HeaderValue.newBuilder().setKey("target-pod").setRawValue(ByteString.copyFromUtf8(target));
    return CommonResponse.newBuilder()
        .setHeaderMutation(
            HeaderMutation.newBuilder()
                .addSetHeaders(HeaderValueOption.newBuilder().setHeader(header)));
  }
}
