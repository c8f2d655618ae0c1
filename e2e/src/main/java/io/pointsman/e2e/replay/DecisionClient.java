package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorStub;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Asks one plugin replica for decisions, as Envoy does with a buffered request body, with no Envoy
 * in between. Thread-safe.
 */
public final class DecisionClient implements AutoCloseable {
  /** A decision whose request is under way until this is closed. */
  public static final class Held implements AutoCloseable {
    private final String target;
    private final long askedNanos;
    private final long decidedNanos;
    private final Questions stream;

    private Held(String target, long askedNanos, long decidedNanos, Questions stream) {
      this.target = target;
      this.askedNanos = askedNanos;
      this.decidedNanos = decidedNanos;
      this.stream = stream;
    }

    /** Address of the pod. */
    public String target() {
      return target;
    }

    /** From the question to the decision. */
    double millis() {
      return (decidedNanos - askedNanos) / 1e6;
    }

    /** When the decision came, as {@link System#nanoTime} counts. */
    public long decidedNanos() {
      return decidedNanos;
    }

    /** Ends the request. */
    @Override
    public void close() {
      stream.end();
    }
  }

  private static final String TARGET_POD = "target-pod";
  private static final int LIMIT_SECONDS = 10;

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
    try {
      return decideAsync(strategy, body).get();
    } catch (ExecutionException e) {
      throw new IllegalStateException(address + " did not decide: " + e, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
  }

  /** As the other, but does not wait; fails if nothing is decided within 10 s. */
  CompletableFuture<Held> decideAsync(String strategy, ByteString body) {
    var replies = new Replies(body);
    long askedNanos = System.nanoTime();
    var questions = new Questions(stub.process(replies));
    replies.questions = questions;
    questions.send(ExtProcMessages.requestHeaders(Map.of("routing-strategy", strategy)));
    return replies
        .target
        .orTimeout(LIMIT_SECONDS, TimeUnit.SECONDS)
        .thenApply(target -> new Held(target, askedNanos, replies.decidedNanos, questions));
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  /** What goes to the replica: a reply may come before the call that led to it has returned. */
  private static final class Questions {
    private final StreamObserver<ProcessingRequest> stream;

    private Questions(StreamObserver<ProcessingRequest> stream) {
      this.stream = stream;
    }

    private synchronized void send(ProcessingRequest request) {
      stream.onNext(request);
    }

    private synchronized void end() {
      stream.onCompleted();
    }
  }

  /** Sends the body when it is asked for, and waits for the target's address. */
  private static final class Replies implements StreamObserver<ProcessingResponse> {
    private final ByteString body;
    private final CompletableFuture<String> target = new CompletableFuture<>();
    private volatile @Nullable Questions questions;
    private volatile long decidedNanos;

    private Replies(ByteString body) {
      this.body = body;
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      if (reply.hasRequestHeaders()) {
        if (!decided(reply.getRequestHeaders().getResponse().getHeaderMutation())
            && questions != null) {
          questions.send(ExtProcMessages.requestBody(body));
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
