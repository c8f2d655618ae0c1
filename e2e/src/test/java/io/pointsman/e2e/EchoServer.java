package io.pointsman.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend that answers with the length of the body that it got. */
final class EchoServer implements AutoCloseable {
  private static final long GATE_SECONDS = 60;

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final ConcurrentLinkedQueue<Integer> bodyLengths = new ConcurrentLinkedQueue<>();
  private final AtomicInteger waiting = new AtomicInteger();
  private final CountDownLatch gate = new CountDownLatch(1);

  EchoServer() throws IOException {
    // Else each answer waits 40 ms for an ACK; read when the server class is first used.
    System.setProperty("sun.net.httpserver.nodelay", "true");
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
    server.createContext("/", this::answer);
    server.createContext("/held", this::answerInTwoParts);
    server.setExecutor(threads);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  /** Of all requests so far. */
  List<Integer> bodyLengths() {
    return List.copyOf(bodyLengths);
  }

  /** Requests to {@code /held} that got the first part of their answer and wait for the rest. */
  int waiting() {
    return waiting.get();
  }

  /** Lets requests to {@code /held} have the rest of their answers, from now on at once. */
  void release() {
    gate.countDown();
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] answer = read(exchange);
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private void answerInTwoParts(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] answer = read(exchange);
      exchange.sendResponseHeaders(200, 0);
      exchange.getResponseBody().write(answer);
      exchange.getResponseBody().flush();
      waiting.incrementAndGet();
      try {
        if (!gate.await(GATE_SECONDS, TimeUnit.SECONDS)) {
          throw new IOException("never released");
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } finally {
        waiting.decrementAndGet();
      }
      exchange.getResponseBody().write(" in two parts".getBytes(StandardCharsets.UTF_8));
    }
  }

  private byte[] read(HttpExchange exchange) throws IOException {
    int length = exchange.getRequestBody().readAllBytes().length;
    bodyLengths.add(length);
    return ("got " + length).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void close() {
    release();
    server.stop(0);
    threads.shutdownNow();
  }
}
