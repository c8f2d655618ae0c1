package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.Reply;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/** Clients that each send a request, wait for the answer, and send the next. */
final class Traffic implements AutoCloseable {
  private static final int CLIENTS = 12;
  private static final long PAUSE_MILLIS = 100;

  private final GatewayClient gateway;
  private final SampleRequests requests;
  private final int limit;
  private final Figures figures;
  private final BiConsumer<Ask, Reply> check;
  private final AtomicInteger next = new AtomicInteger();
  private final ExecutorService clients =
      Executors.newFixedThreadPool(
          CLIENTS,
          task -> {
            var thread = new Thread(task, "client");
            thread.setDaemon(true);
            return thread;
          });
  private final CountDownLatch stopped = new CountDownLatch(1);

  /**
   * Starts the clients.
   *
   * @param limit requests in all
   * @param check told each request with its answer
   */
  Traffic(
      GatewayClient gateway,
      SampleRequests requests,
      int limit,
      Figures figures,
      BiConsumer<Ask, Reply> check) {
    this.gateway = gateway;
    this.requests = requests;
    this.limit = limit;
    this.figures = figures;
    this.check = check;
    for (int i = 0; i < CLIENTS; i++) {
      clients.execute(this::run);
    }
    clients.shutdown();
  }

  /** Waits until all requests have been answered; false if that takes too long. */
  boolean await(long seconds) throws InterruptedException {
    return clients.awaitTermination(seconds, TimeUnit.SECONDS);
  }

  @Override
  public void close() {
    stopped.countDown();
    clients.shutdownNow();
  }

  private void run() {
    try {
      for (int n = next.getAndIncrement(); n < limit && !isStopped(); n = next.getAndIncrement()) {
        if (!send(requests.number(n))) {
          // What is down answers at once; asking again and again would take a whole core.
          var unused = stopped.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS);
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** False if no pod answered. */
  private boolean send(Ask ask) {
    try {
      Reply reply = gateway.send(ask);
      figures.add(reply);
      check.accept(ask, reply);
      return reply.status() < 500;
    } catch (IOException e) {
      if (!isStopped()) {
        figures.addFailure();
      }
      return false;
    }
  }

  private boolean isStopped() {
    return stopped.getCount() == 0;
  }
}
