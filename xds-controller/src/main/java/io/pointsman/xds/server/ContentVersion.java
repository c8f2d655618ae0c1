package io.pointsman.xds.server;

import com.google.protobuf.Message;
import io.pointsman.xds.snapshot.Protos;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;

/**
 * Versions that are a function of content alone, so that an Envoy that moves from one controller
 * replica to another finds nothing new. ({@link Message#hashCode} differs between processes.)
 */
final class ContentVersion {
  /** Bytes of SHA-256 kept: enough that two contents never meet, short enough to read in a log. */
  private static final int LENGTH = 12;

  private ContentVersion() {}

  /** The version of one resource. */
  static String of(Message resource) {
    return shorten(sha256().digest(Protos.serialize(resource).toByteArray()));
  }

  /** The version of a set of resources. */
  static String of(Map<String, String> versionsByName) {
    MessageDigest digest = sha256();
    versionsByName.entrySet().stream()
        .sorted(Map.Entry.comparingByKey())
        .map(entry -> entry.getKey() + "=" + entry.getValue() + "\n")
        .forEach(line -> digest.update(line.getBytes(StandardCharsets.UTF_8)));
    return shorten(digest.digest());
  }

  private static String shorten(byte[] hash) {
    return HexFormat.of().formatHex(hash, 0, LENGTH);
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java has SHA-256", e);
    }
  }
}
