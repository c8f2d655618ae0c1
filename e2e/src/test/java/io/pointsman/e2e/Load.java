package io.pointsman.e2e;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.Reply;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;

/** Clients that each send one request after the other until they are stopped. */
final class Load implements AutoCloseable {
  private final GatewayClient client;
  private final IntFunction<Ask> asks;
  private final ExecutorService threads;
  private final List<Reply> replies = new ArrayList<>();
  private final List<String> broken = new ArrayList<>();
  private volatile boolean stopped;

  private Load(GatewayClient client, int clients, IntFunction<Ask> asks) {
    this.client = client;
    this.asks = asks;
    this.threads = Executors.newFixedThreadPool(clients);
    for (int i = 0; i < clients; i++) {
      int number = i;
      threads.execute(() -> run(number));
    }
    threads.shutdown();
  }

  /**
   * Starts sending.
   *
   * @param asks the request for the n-th turn of a client
   */
  static Load start(GatewayClient client, int clients, IntFunction<Ask> asks) {
    return new Load(client, clients, asks);
  }

  /** Answers so far, good and bad. */
  int answers() {
    synchronized (replies) {
      return replies.size();
    }
  }

  /** Stops after the requests that are under way, and says what went wrong with any. */
  List<String> stop() throws InterruptedException {
    stopped = true;
    if (!threads.awaitTermination(60, TimeUnit.SECONDS)) {
      throw new IllegalStateException("clients still wait for answers");
    }
    synchronized (replies) {
      var failures = new ArrayList<>(broken);
      for (Reply reply : replies) {
        if (reply.status() != 200) {
          failures.add(reply.status() + " " + reply.headers() + " " + reply.body());
        } else if (reply.body().startsWith("data:") && !reply.isCompleteStream()) {
          failures.add("cut stream: " + reply.body());
        }
      }
      return failures;
    }
  }

  /** All answers, after {@link #stop}. */
  List<Reply> replies() {
    synchronized (replies) {
      return List.copyOf(replies);
    }
  }

  @Override
  public void close() {
    stopped = true;
    threads.shutdownNow();
  }

  private void run(int number) {
    for (int turn = number; !stopped; turn++) {
      try {
        Reply reply = client.send(asks.apply(turn));
        synchronized (replies) {
          replies.add(reply);
        }
      } catch (IOException e) {
        synchronized (replies) {
          broken.add(e.toString());
        }
      }
    }
  }
}
