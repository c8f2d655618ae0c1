package io.pointsman.plugin.app;

import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;

/** Takes TLS off in front of a server on loopback that speaks none. */
final class TlsProxy implements AutoCloseable {
  /** Of the key in the key store. */
  static final String PASSWORD = "key";

  private final int target;
  private final SSLServerSocket listener;
  private final ExecutorService threads = Executors.newCachedThreadPool(TlsProxy::daemon);
  private final AtomicInteger failedHandshakes = new AtomicInteger();

  TlsProxy(KeyStore keys, int target) throws IOException, GeneralSecurityException {
    this.target = target;
    var managers = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    managers.init(keys, PASSWORD.toCharArray());
    var context = SSLContext.getInstance("TLS");
    context.init(managers.getKeyManagers(), null, null);
    listener =
        (SSLServerSocket)
            context
                .getServerSocketFactory()
                .createServerSocket(0, 50, InetAddress.getLoopbackAddress());
    threads.execute(this::accept);
  }

  private static Thread daemon(Runnable task) {
    var thread = new Thread(task, "tls-proxy");
    thread.setDaemon(true);
    return thread;
  }

  int port() {
    return listener.getLocalPort();
  }

  int failedHandshakes() {
    return failedHandshakes.get();
  }

  private void accept() {
    while (!listener.isClosed()) {
      try {
        var client = (SSLSocket) listener.accept();
        threads.execute(() -> serve(client));
      } catch (IOException e) {
        // Closed.
      }
    }
  }

  private void serve(SSLSocket client) {
    try (client;
        var server = new Socket(InetAddress.getLoopbackAddress(), target)) {
      client.startHandshake();
      threads.execute(() -> pass(server, client));
      client.getInputStream().transferTo(server.getOutputStream());
    } catch (SSLException e) {
      failedHandshakes.incrementAndGet();
    } catch (IOException e) {
      // The connection is over.
    }
  }

  private static void pass(Socket from, Socket to) {
    try {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // The connection is over.
    }
  }

  @Override
  public void close() throws IOException {
    listener.close();
    threads.shutdownNow();
  }
}
