package io.pointsman.e2e.harness;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * Keeps apart what several stacks on one machine must not share, in this JVM or in others: byte N
 * of one file stands for thing N. A lease ends with its JVM at the latest. Thread-safe.
 */
final class Leases {
  // One channel for the whole JVM: closing any channel of a file drops all its locks.
  private static final FileChannel FILE = open();

  private Leases() {}

  /** A lease that ends when it is released, or null if somebody has it. */
  static @Nullable FileLock tryTake(long thing) {
    try {
      return FILE.tryLock(thing, 1, false);
    } catch (OverlappingFileLockException e) {
      return null;
    } catch (IOException e) {
      throw new HarnessException("cannot take a lease", e);
    }
  }

  static void release(FileLock lease) {
    try {
      lease.release();
    } catch (IOException e) {
      throw new HarnessException("cannot release a lease", e);
    }
  }

  private static FileChannel open() {
    Path file =
        Path.of(
            System.getProperty("java.io.tmpdir"),
            "pointsman-ports-" + System.getProperty("user.name") + ".lock");
    try {
      return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    } catch (IOException e) {
      throw new HarnessException("cannot open " + file + " for leases", e);
    }
  }
}
