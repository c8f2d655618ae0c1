package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import java.util.Arrays;

/** Holds a body that comes in pieces until it is whole. Not thread-safe. */
final class BodyBuffer {
  private static final int FIRST_CAPACITY = 4096;

  private final int limit;
  private byte[] bytes = new byte[0];
  private int length;

  /**
   * @param limit most bytes that are taken
   */
  BodyBuffer(int limit) {
    this.limit = limit;
  }

  /**
   * Takes a piece.
   *
   * @return false if it does not fit any more; it is not taken then
   */
  boolean append(ByteString piece) {
    int size = piece.size();
    if (size > limit - length) {
      return false;
    }
    if (length + size > bytes.length) {
      long doubled = Math.max(FIRST_CAPACITY, 2L * bytes.length);
      bytes = Arrays.copyOf(bytes, (int) Math.min(limit, Math.max(doubled, length + size)));
    }
    piece.copyTo(bytes, length);
    length += size;
    return true;
  }

  /** What came so far; good as long as nothing is appended. */
  BodyBytes contents() {
    return new BodyBytes(bytes, 0, length);
  }
}
