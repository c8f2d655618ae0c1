package io.pointsman.e2e.harness;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.channels.FileLock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * Loopback ports that stay ours from the moment they are handed out until this is closed.
 *
 * <p>They lie below the range from which the kernel serves outgoing connections, so that no
 * connection takes a port between two starts of a server. Two test runs on one machine keep apart
 * by {@link Leases}. Thread-safe.
 */
public final class Ports implements AutoCloseable {
  private static final int FIRST = 20_000;
  private static final int COUNT = 10_000;

  private final List<FileLock> held = new ArrayList<>();

  /**
   * Hands out a port on which nothing listens.
   *
   * @throws HarnessException if there is none
   */
  public synchronized int next() {
    int offset = ThreadLocalRandom.current().nextInt(COUNT);
    for (int i = 0; i < COUNT; i++) {
      int port = FIRST + (offset + i) % COUNT;
      FileLock lock = tryLease(port);
      if (lock != null) {
        held.add(lock);
        return port;
      }
    }
    throw new HarnessException(
        "no free port between %d and %d".formatted(FIRST, FIRST + COUNT - 1));
  }

  /** True if a server could bind this port on IPv4 loopback right now. */
  public static boolean isFree(int port) {
    return canBind(InetAddress.getLoopbackAddress(), port);
  }

  /** True if a server could bind this port on this address right now. */
  public static boolean canBind(InetAddress address, int port) {
    try (var socket = new ServerSocket()) {
      socket.bind(new InetSocketAddress(address, port));
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  @Override
  public synchronized void close() {
    held.forEach(Leases::release);
    held.clear();
  }

  private static @Nullable FileLock tryLease(int port) {
    FileLock lease = Leases.tryTake(port);
    if (lease == null || isFree(port)) {
      return lease;
    }
    Leases.release(lease);
    return null;
  }
}
