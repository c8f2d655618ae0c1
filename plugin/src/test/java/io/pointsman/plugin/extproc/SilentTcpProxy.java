package io.pointsman.plugin.extproc;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;

/**
 * A TCP proxy that can fall silent: from then on it forwards nothing and closes nothing, so that to
 * either end the other looks alive and never says a word. That is what a peer looks like that
 * vanished with its machine.
 */
public final class SilentTcpProxy implements Closeable {
  private final ServerSocket listener;
  private final InetSocketAddress target;
  private final Queue<Closeable> open = new ConcurrentLinkedQueue<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean silent;

  /** Listens on a free loopback port and forwards what comes there to {@code target}. */
  public SilentTcpProxy(InetSocketAddress target) {
    this.target = target;
    try {
      listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    open.add(listener);
    start(this::accept);
  }

  /** Where clients connect. */
  public InetSocketAddress address() {
    return new InetSocketAddress(listener.getInetAddress(), listener.getLocalPort());
  }

  /** Stops to forward, for good. */
  public void fallSilent() {
    silent = true;
  }

  @Override
  public void close() throws IOException {
    closed.countDown();
    for (Closeable each : open) {
      each.close();
    }
  }

  private void accept() throws IOException {
    while (true) {
      Socket client = listener.accept();
      open.add(client);
      var server = new Socket();
      open.add(server);
      server.connect(target, 5000);
      start(() -> forward(client.getInputStream(), server.getOutputStream()));
      start(() -> forward(server.getInputStream(), client.getOutputStream()));
    }
  }

  private void forward(InputStream in, OutputStream out) throws IOException {
    var buffer = new byte[8192];
    for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
      if (silent) {
        awaitClose();
        return;
      }
      out.write(buffer, 0, read);
      out.flush();
    }
  }

  private void awaitClose() {
    try {
      closed.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** What may fail once the sockets are closed. */
  private interface Forwarding {
    void run() throws IOException;
  }

  private static void start(Forwarding forwarding) {
    var thread =
        new Thread(
            () -> {
              try {
                forwarding.run();
              } catch (IOException e) {
                // One end closed: nothing is left to forward.
              }
            },
            "silent-tcp-proxy");
    thread.setDaemon(true);
    thread.start();
  }
}
