package io.pointsman.e2e.harness;

import java.io.IOException;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/**
 * A folder for one running stack's configuration and logs: empty at the start, and nobody else's
 * until it is closed. What is in it stays for whoever looks for a cause afterwards.
 */
final class StackFolder implements AutoCloseable {
  private static final int MOST = 100;

  /** Leases of folders begin behind those of ports; two folders of one hash keep apart as well. */
  private static final long AFTER_PORTS = 1L << 16;

  private final Path path;
  private final FileLock lease;

  private StackFolder(Path path, FileLock lease) {
    this.path = path;
    this.lease = lease;
  }

  /**
   * Takes the folder of this name or, while another stack runs in it, the same with a number.
   *
   * @throws HarnessException if none can be had
   */
  static StackFolder claim(Path parent, String name) {
    for (int i = 1; i <= MOST; i++) {
      Path path = parent.resolve(i == 1 ? name : name + "-" + i).toAbsolutePath();
      FileLock lease = Leases.tryTake(AFTER_PORTS + Integer.toUnsignedLong(path.hashCode()));
      if (lease != null) {
        clear(path);
        return new StackFolder(path, lease);
      }
    }
    throw new HarnessException(
        "%d stacks named %s run from %s; stop one".formatted(MOST, name, parent));
  }

  private static void clear(Path folder) {
    try {
      Files.createDirectories(folder);
      try (var files = Files.walk(folder)) {
        for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
          if (!file.equals(folder)) {
            Files.delete(file);
          }
        }
      }
    } catch (IOException e) {
      throw new HarnessException("cannot clear " + folder, e);
    }
  }

  Path path() {
    return path;
  }

  /** Lets another stack have it. */
  @Override
  public void close() {
    Leases.release(lease);
  }
}
