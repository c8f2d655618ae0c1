package io.pointsman.e2e;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** A backend that answers each request with its name and the length of the body that it got. */
final class EchoServer implements AutoCloseable {
  private final String name;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final AtomicInteger connections = new AtomicInteger();
  private final ConcurrentLinkedQueue<Map<String, List<String>>> headers =
      new ConcurrentLinkedQueue<>();

  /** Requests to {@code /held} wait for it. */
  private volatile CountDownLatch gate = new CountDownLatch(0);

  private final AtomicInteger held = new AtomicInteger();

  EchoServer(String name) throws IOException {
    this.name = name;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 1024);
    server.createContext("/", this::handle);
    server.setExecutor(threads);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  int requests() {
    return connections.get();
  }

  /** Headers of the requests so far, names in lower case first letter upper as the JDK has them. */
  List<Map<String, List<String>>> headers() {
    return List.copyOf(headers);
  }

  /** From now on requests to {@code /held} get their answer's first part only. */
  void hold() {
    gate = new CountDownLatch(1);
  }

  int held() {
    return held.get();
  }

  void release() {
    gate.countDown();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      connections.incrementAndGet();
      headers.add(Map.copyOf(exchange.getRequestHeaders()));
      int length = exchange.getRequestBody().readAllBytes().length;
      byte[] answer = (name + " got " + length).getBytes(StandardCharsets.UTF_8);
      if (exchange.getRequestURI().getPath().equals("/held")) {
        answerInTwoParts(exchange, answer);
        return;
      }
      exchange.sendResponseHeaders(200, answer.length);
      exchange.getResponseBody().write(answer);
    }
  }

  private void answerInTwoParts(HttpExchange exchange, byte[] answer) throws IOException {
    exchange.sendResponseHeaders(200, 0);
    exchange.getResponseBody().write(answer);
    exchange.getResponseBody().flush();
    held.incrementAndGet();
    try {
      if (!gate.await(60, TimeUnit.SECONDS)) {
        throw new IOException("never released");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    } finally {
      held.decrementAndGet();
    }
    exchange.getResponseBody().write(" in two parts".getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void close() {
    release();
    server.stop(0);
    threads.shutdownNow();
  }
}
