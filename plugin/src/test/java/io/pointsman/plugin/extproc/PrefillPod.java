package io.pointsman.plugin.extproc;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A prefill pod that answers as a test says, over real HTTP. */
final class PrefillPod implements AutoCloseable {
  /** Answers one call. */
  interface Script {
    void answer(HttpExchange call) throws IOException;
  }

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final CountDownLatch closing = new CountDownLatch(1);

  /** Bodies that came. */
  final List<String> bodies = new CopyOnWriteArrayList<>();

  /** Headers that came, of each call as {@code name: value} lines. */
  final List<String> headers = new CopyOnWriteArrayList<>();

  volatile Script script;

  PrefillPod(Script first) {
    script = first;
    try {
      server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  private void handle(HttpExchange call) throws IOException {
    bodies.add(new String(call.getRequestBody().readAllBytes(), UTF_8));
    var lines = new StringBuilder();
    call.getRequestHeaders()
        .forEach((name, values) -> lines.append(name).append(": ").append(values).append('\n'));
    headers.add(lines.toString());
    try (call) {
      script.answer(call);
    }
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  static Script answering(int status, String body) {
    return call -> {
      byte[] bytes = body.getBytes(UTF_8);
      call.sendResponseHeaders(status, bytes.length);
      call.getResponseBody().write(bytes);
    };
  }

  /** Sends so many bytes, or as many as are taken. */
  static Script endless(long size) {
    return call -> {
      call.sendResponseHeaders(200, size);
      OutputStream out = call.getResponseBody();
      byte[] piece = new byte[1 << 16];
      for (long sent = 0; sent < size; sent += piece.length) {
        out.write(piece);
      }
    };
  }

  /** Says nothing until the pod closes. */
  Script hanging() {
    return waitingFor(closing, answering(200, "{}"));
  }

  static Script waitingFor(CountDownLatch latch, Script then) {
    return call -> {
      try {
        latch.await();
      } catch (InterruptedException e) {
        return;
      }
      then.answer(call);
    };
  }

  @Override
  public void close() {
    closing.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
