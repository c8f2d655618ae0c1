package io.pointsman.e2e;

import io.pointsman.e2e.harness.HarnessException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Listens where nobody may be sent, and counts who comes. */
final class Decoy implements AutoCloseable {
  private final ServerSocket listener;
  private final AtomicInteger visits = new AtomicInteger();
  private final Thread thread = new Thread(this::accept, "decoy");

  Decoy(int port) throws IOException {
    listener = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
    thread.setDaemon(true);
    thread.start();
  }

  String address() {
    return "127.0.0.1:" + listener.getLocalPort();
  }

  int visits() {
    return visits.get();
  }

  @Override
  public void close() throws IOException {
    listener.close();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try (Socket visitor = listener.accept()) {
        visits.incrementAndGet();
        visitor.setSoLinger(true, 0);
      } catch (IOException e) {
        if (!listener.isClosed()) {
          throw new HarnessException("the decoy cannot accept", e);
        }
      }
    }
  }
}
