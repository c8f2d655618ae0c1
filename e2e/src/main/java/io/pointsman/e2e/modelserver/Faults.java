package io.pointsman.e2e.modelserver;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/** The fault that is switched on, and the requests that hang because of one. Thread-safe. */
final class Faults {
  private final ArrayDeque<Runnable> hung = new ArrayDeque<>();
  private final AtomicInteger turns = new AtomicInteger();
  private volatile @Nullable Fault current;

  @Nullable Fault current() {
    return current;
  }

  void set(@Nullable Fault fault) {
    current = fault;
  }

  /** The fault that the next request meets before its headers. */
  @Nullable Fault next() {
    Fault fault = current;
    if (fault instanceof Fault.EachNth some) {
      return turns.incrementAndGet() % some.n() == 0 ? some.fault() : null;
    }
    return fault;
  }

  /** Keeps a request until it is released. */
  void hang(Runnable goOn) {
    synchronized (hung) {
      hung.add(goOn);
    }
  }

  int hungRequests() {
    synchronized (hung) {
      return hung.size();
    }
  }

  /** Lets requests go on, the longest kept first; returns how many did. */
  int release(int count) {
    int released = 0;
    while (released < count) {
      Runnable next;
      synchronized (hung) {
        next = hung.poll();
      }
      if (next == null) {
        break;
      }
      next.run();
      released++;
    }
    return released;
  }

  /**
   * Writes something to the connection of a request that no HTTP client can read, and closes it.
   */
  static void answerGarbage(Request request, Callback callback) {
    EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
    var garbage = ByteBuffer.wrap("\0\1 this is not HTTP\r\n\r\n".getBytes(US_ASCII));
    endPoint.write(
        Callback.from(
            () -> {
              endPoint.shutdownOutput();
              callback.failed(new IOException("injected garbage"));
            }),
        garbage);
  }

  /** Resets the connection of a request: RST, not FIN. */
  static void reset(Request request) {
    EndPoint endPoint = request.getConnectionMetaData().getConnection().getEndPoint();
    try {
      ((SocketChannel) endPoint.getTransport()).setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException e) {
      throw new IllegalStateException("cannot reset a connection", e);
    }
    endPoint.close();
  }
}
