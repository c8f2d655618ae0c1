package io.pointsman.plugin.identity;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The SHA-256 of a secret: all that is kept of an API key. Immutable.
 *
 * <p>A fast hash without salt is right here, and would be wrong for passwords. Slow, salted hashes
 * defend secrets that can be guessed; our keys are 256 random bits, so that no search finds one
 * from its hash, no two are equal, and no table of hashes helps. A slow hash would only cost each
 * request some 100 ms of processor time. Who hashes a secret of their own choice for the keys file
 * must choose one as random as that.
 *
 * <p>A key is looked up by its hash. What the time of a look-up tells is about the hash of what was
 * sent, which nobody can steer towards the hash of a key; and the comparison at its end takes the
 * same time wherever two hashes differ.
 */
public final class KeyHash {
  private static final int LENGTH = 32;

  private final byte[] bytes;

  private KeyHash(byte[] bytes) {
    this.bytes = bytes;
  }

  /**
   * The hash of a key as an administrator gives it.
   *
   * @param text may have white space around it, as a file's last line has
   * @throws IllegalArgumentException if clients could not send it; it is not repeated there
   */
  public static KeyHash ofSecret(String text) {
    String secret = text.strip();
    if (secret.isEmpty() || secret.chars().anyMatch(c -> c <= ' ' || c > '~')) {
      throw new IllegalArgumentException("expected printable ASCII characters without spaces");
    }
    return of(secret);
  }

  /** The hash of a key as a client sends it. */
  public static KeyHash of(String key) {
    try {
      return new KeyHash(MessageDigest.getInstance("SHA-256").digest(key.getBytes(UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  /**
   * Reads 64 hexadecimal digits.
   *
   * @throws IllegalArgumentException if it is anything else; the text is not repeated, for it may
   *     be a key
   */
  static KeyHash parse(String hex) {
    byte[] bytes;
    try {
      bytes = HexFormat.of().parseHex(hex);
    } catch (IllegalArgumentException e) {
      throw unexpected();
    }
    if (bytes.length != LENGTH) {
      throw unexpected();
    }
    return new KeyHash(bytes);
  }

  private static IllegalArgumentException unexpected() {
    return new IllegalArgumentException("expected the 64 hexadecimal digits of a SHA-256");
  }

  /** 64 hexadecimal digits, for storage. */
  String hex() {
    return HexFormat.of().formatHex(bytes);
  }

  /** Takes the same time wherever the two differ. */
  @Override
  public boolean equals(Object other) {
    return other instanceof KeyHash hash && MessageDigest.isEqual(bytes, hash.bytes);
  }

  @Override
  public int hashCode() {
    return (bytes[0] & 0xff) << 24
        | (bytes[1] & 0xff) << 16
        | (bytes[2] & 0xff) << 8
        | (bytes[3] & 0xff);
  }

  /** Tells nothing. */
  @Override
  public String toString() {
    return "KeyHash[***]";
  }
}
