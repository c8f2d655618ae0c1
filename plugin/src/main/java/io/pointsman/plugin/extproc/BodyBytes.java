package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteOutput;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/**
 * The bytes of a body as an array. A body that came over the wire lies in one array already, which
 * is shown without a copy; it must only be read.
 *
 * @param array holds the body
 * @param offset where it begins
 * @param length its length in bytes
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; a copy is what this class avoids
record BodyBytes(byte[] array, int offset, int length) {
  static final BodyBytes EMPTY = new BodyBytes(new byte[0], 0, 0);

  static BodyBytes of(ByteString body) {
    var window = new Window();
    try {
      UnsafeByteOperations.unsafeWriteTo(body, window);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (window.pieces == 1 && window.array != null) {
      return new BodyBytes(window.array, window.offset, body.size());
    }
    return new BodyBytes(body.toByteArray(), 0, body.size());
  }

  /** The body without a copy; the array must not be written to any more. */
  ByteString wrapped() {
    return UnsafeByteOperations.unsafeWrap(array, offset, length);
  }

  /** Sees the array behind a byte string. */
  private static final class Window extends ByteOutput {
    private byte @org.jspecify.annotations.Nullable [] array;
    private int offset;
    private int pieces;

    @Override
    public void write(byte value) {
      pieces++;
    }

    @Override
    public void write(byte[] value, int start, int length) {
      pieces++;
    }

    @Override
    public void writeLazy(byte[] value, int start, int length) {
      pieces++;
      array = value;
      offset = start;
    }

    @Override
    public void write(ByteBuffer value) {
      pieces++;
    }

    @Override
    public void writeLazy(ByteBuffer value) {
      pieces++;
    }
  }
}
