package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.Reply;
import java.io.IOException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BiConsumer;

/** Clients that each send a request, wait for the answer, and send the next. */
final class Traffic implements AutoCloseable {
  private static final int CLIENTS = 12;

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
  private volatile boolean stopped;

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
    stopped = true;
    clients.shutdownNow();
  }

  private void run() {
    while (!stopped) {
      int n = next.getAndIncrement();
      if (n >= limit) {
        return;
      }
      Ask ask = requests.number(n);
      try {
        Reply reply = gateway.send(ask);
        figures.add(reply);
        check.accept(ask, reply);
      } catch (IOException e) {
        if (!stopped) {
          figures.addFailure();
        }
      }
    }
  }
}
