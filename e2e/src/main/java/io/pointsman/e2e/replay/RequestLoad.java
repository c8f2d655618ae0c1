package io.pointsman.e2e.replay;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorStub;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * Sends one plugin replica whole requests as Envoy does with a buffered body, with no Envoy in
 * between: headers, body, and the answer's headers, with its body where that is wanted. Not
 * thread-safe.
 */
final class RequestLoad implements AutoCloseable {
  private static final long LIMIT_SECONDS = 120;
  private static final ProcessingRequest ANSWER_HEADERS = ExtProcMessages.responseHeaders();

  /**
   * Requests of one kind.
   *
   * @param headers of each, beside the usual ones
   * @param answer pieces of the answer's body that the replica is sent; none if it sees no bodies
   */
  record Kind(Map<String, String> headers, List<ProcessingRequest> answer) {
    Kind {
      headers = Map.copyOf(headers);
      answer = List.copyOf(answer);
    }
  }

  private final ManagedChannel channel;
  private final ExternalProcessorStub stub;
  private final List<ProcessingRequest> bodies;
  private final int inFlight;

  /**
   * A load for the replica at this address.
   *
   * @param address {@code host:port} of its gRPC server
   * @param bodies of requests, sent by turns
   * @param inFlight how many requests are under way at a time
   */
  RequestLoad(String address, List<ByteString> bodies, int inFlight) {
    channel = ManagedChannelBuilder.forTarget(address).directExecutor().usePlaintext().build();
    stub = ExternalProcessorGrpc.newStub(channel);
    this.bodies = bodies.stream().map(ExtProcMessages::requestBody).toList();
    this.inFlight = inFlight;
  }

  /**
   * Sends so many requests and waits for their end.
   *
   * @return how many were refused
   * @throws IllegalStateException if one fails, or the last has not ended after 120 s
   */
  int send(Kind kind, int count) {
    var run = new Run(kind, count);
    for (int i = 0; i < inFlight; i++) {
      run.next();
    }
    try {
      if (!run.ended.await(LIMIT_SECONDS, TimeUnit.SECONDS)) {
        throw new IllegalStateException("%d requests have not ended".formatted(count));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted", e);
    }
    Throwable failure = run.failure.get();
    if (failure != null) {
      throw new IllegalStateException("a request failed: " + failure.getMessage(), failure);
    }
    return run.refused.get();
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  /** The requests of one call of {@link #send}. */
  private final class Run {
    private final List<ProcessingRequest> answer;
    private final ProcessingRequest headers;
    private final AtomicInteger left;
    private final AtomicInteger refused = new AtomicInteger();
    private final CountDownLatch ended;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();

    Run(Kind kind, int count) {
      answer = kind.answer();
      headers = ExtProcMessages.requestHeaders(kind.headers());
      left = new AtomicInteger(count);
      ended = new CountDownLatch(count);
    }

    void next() {
      int turn = left.getAndDecrement();
      if (turn > 0) {
        var exchange = new Exchange(this, bodies.get(turn % bodies.size()));
        stub.process(exchange);
        exchange.send(headers);
      }
    }

    void ended(@Nullable Throwable why) {
      if (why != null) {
        failure.compareAndSet(null, why);
      }
      ended.countDown();
      next();
    }
  }

  /** One request: each answer leads to the next message. */
  private static final class Exchange
      implements ClientResponseObserver<ProcessingRequest, ProcessingResponse> {
    private final Run run;
    private final ProcessingRequest body;
    private @Nullable ClientCallStreamObserver<ProcessingRequest> stream;
    private int pieces;

    Exchange(Run run, ProcessingRequest body) {
      this.run = run;
      this.body = body;
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<ProcessingRequest> requests) {
      stream = requests;
    }

    void send(ProcessingRequest message) {
      requireNonNull(stream).onNext(message);
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      switch (reply.getResponseCase()) {
        case REQUEST_HEADERS -> send(body);
        case REQUEST_BODY -> send(ANSWER_HEADERS);
        case RESPONSE_HEADERS, RESPONSE_BODY -> nextPiece();
        case IMMEDIATE_RESPONSE -> {
          run.refused.incrementAndGet();
          requireNonNull(stream).onCompleted();
        }
        default -> throw new IllegalStateException("not what was awaited: " + reply);
      }
    }

    private void nextPiece() {
      if (pieces < run.answer.size()) {
        send(run.answer.get(pieces++));
      } else {
        requireNonNull(stream).onCompleted();
      }
    }

    @Override
    public void onError(Throwable why) {
      run.ended(why);
    }

    @Override
    public void onCompleted() {
      run.ended(null);
    }
  }
}
