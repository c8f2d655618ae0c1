package io.pointsman.xds.snapshot;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/** Small steps that every resource needs. */
public final class Protos {
  private Protos() {}

  /**
   * The bytes of a message, the same for equal messages in every process: map entries are written
   * in the order of their keys.
   */
  public static ByteString serialize(Message message) {
    ByteString.Output bytes = ByteString.newOutput(message.getSerializedSize());
    CodedOutputStream output = CodedOutputStream.newInstance(bytes);
    output.useDeterministicSerialization();
    try {
      message.writeTo(output);
      output.flush();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory cannot fail", e);
    }
    return bytes.toByteString();
  }

  /** SHA-256 of a message's content in hex, cut to some bytes; equal in every process. */
  public static String fingerprint(Message message, int bytes) {
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(serialize(message).toByteArray());
      return HexFormat.of().formatHex(hash, 0, bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }

  static Any pack(Message message) {
    return Any.newBuilder()
        .setTypeUrl("type.googleapis.com/" + message.getDescriptorForType().getFullName())
        .setValue(serialize(message))
        .build();
  }

  static Duration duration(java.time.Duration duration) {
    return Durations.fromMillis(duration.toMillis());
  }

  /** The low 32 bits carry unsigned values up to 4294967295. */
  static UInt32Value uint32(long value) {
    return UInt32Value.of((int) value);
  }

  static Address address(String host, int port) {
    return Address.newBuilder()
        .setSocketAddress(SocketAddress.newBuilder().setAddress(host).setPortValue(port))
        .build();
  }
}
