package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorStub;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * Asks one plugin replica for decisions, as Envoy does with a buffered request body, with no Envoy
 * in between. Thread-safe.
 */
public final class DecisionClient implements AutoCloseable {
  /** A decision whose request is under way until this is closed. */
  public static final class Held implements AutoCloseable {
    private final String target;
    private final long decidedNanos;
    private final StreamObserver<ProcessingRequest> stream;

    private Held(String target, long decidedNanos, StreamObserver<ProcessingRequest> stream) {
      this.target = target;
      this.decidedNanos = decidedNanos;
      this.stream = stream;
    }

    /** Address of the pod. */
    public String target() {
      return target;
    }

    /** When the decision came, as {@link System#nanoTime} counts. */
    public long decidedNanos() {
      return decidedNanos;
    }

    /** Ends the request. */
    @Override
    public void close() {
      stream.onCompleted();
    }
  }

  private static final String TARGET_POD = "target-pod";
  private static final int LIMIT_SECONDS = 10;
  private static final ProtocolConfiguration BUFFERED =
      ProtocolConfiguration.newBuilder().setRequestBodyMode(BodySendMode.BUFFERED).build();

  private final String address;
  private final ManagedChannel channel;
  private final ExternalProcessorStub stub;

  /**
   * A client of the replica at this address.
   *
   * @param address {@code host:port} of its gRPC server
   */
  public DecisionClient(String address) {
    this.address = address;
    this.channel = ManagedChannelBuilder.forTarget(address).usePlaintext().build();
    this.stub = ExternalProcessorGrpc.newStub(channel);
  }

  /**
   * Lets the replica route a chat completion.
   *
   * @throws IllegalStateException if it decides nothing within 10 s
   */
  public Held decide(String strategy, ByteString body) {
    var replies = new Replies(body);
    StreamObserver<ProcessingRequest> requests = stub.process(replies);
    replies.requests = requests;
    requests.onNext(headers(strategy));
    try {
      String target = replies.target.get(LIMIT_SECONDS, TimeUnit.SECONDS);
      return new Held(target, replies.decidedNanos, requests);
    } catch (ExecutionException | TimeoutException e) {
      throw new IllegalStateException(address + " did not decide: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private static ProcessingRequest headers(String strategy) {
    return ProcessingRequest.newBuilder()
        .setProtocolConfig(BUFFERED)
        .setRequestHeaders(
            HttpHeaders.newBuilder()
                .setHeaders(
                    HeaderMap.newBuilder()
                        .addHeaders(header(":method", "POST"))
                        .addHeaders(header(":path", "/v1/chat/completions"))
                        .addHeaders(header("content-type", "application/json"))
                        .addHeaders(header("routing-strategy", strategy))))
        .build();
  }

  private static HeaderValue.Builder header(String name, String value) {
    return HeaderValue.newBuilder().setKey(name).setRawValue(ByteString.copyFromUtf8(value));
  }

  /** Sends the body when it is asked for, and waits for the target's address. */
  private static final class Replies implements StreamObserver<ProcessingResponse> {
    private final ByteString body;
    private final CompletableFuture<String> target = new CompletableFuture<>();
    private volatile @Nullable StreamObserver<ProcessingRequest> requests;
    private volatile long decidedNanos;

    private Replies(ByteString body) {
      this.body = body;
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      if (reply.hasRequestHeaders()) {
        if (!decided(reply.getRequestHeaders().getResponse().getHeaderMutation())
            && requests != null) {
          requests.onNext(
              ProcessingRequest.newBuilder()
                  .setRequestBody(HttpBody.newBuilder().setBody(body).setEndOfStream(true))
                  .build());
        }
      } else if (!reply.hasRequestBody()
          || !decided(reply.getRequestBody().getResponse().getHeaderMutation())) {
        target.completeExceptionally(new IllegalStateException("no target: " + reply));
      }
    }

    @Override
    public void onError(Throwable failure) {
      target.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
      target.completeExceptionally(new IllegalStateException("the stream ended undecided"));
    }

    private boolean decided(HeaderMutation mutation) {
      for (HeaderValueOption option : mutation.getSetHeadersList()) {
        if (option.getHeader().getKey().equals(TARGET_POD)) {
          decidedNanos = System.nanoTime();
          target.complete(option.getHeader().getRawValue().toStringUtf8());
          return true;
        }
      }
      return false;
    }
  }
}
