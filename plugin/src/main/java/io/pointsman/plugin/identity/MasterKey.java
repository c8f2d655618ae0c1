package io.pointsman.plugin.identity;

import java.net.InetAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The key of those who administer API keys. It may be shorter than a generated one, so guesses are
 * bounded: ten wrong ones from an address, and then one more each second, whatever is sent. The
 * comparison takes the same time for every wrong key. It may be exchanged at any time. Thread-safe;
 * keeps its own hash only.
 */
public final class MasterKey {
  static final int GUESSES = 10;
  private static final long NANOS_PER_GUESS = 1_000_000_000L;

  /** Addresses that are counted one by one; all others together count as one. */
  static final int MAX_PEERS = 1024;

  private static final String OTHERS = "others";

  /** What the key of a request is worth. */
  public enum Check {
    GOOD,
    WRONG,
    /** Not looked at: there were too many wrong ones. */
    TOO_MANY
  }

  private volatile KeyHash hash;
  private final LongSupplier nanoTime;

  /** For each address the time at which all its guesses are forgotten. */
  private final Map<String, Long> clearAt = new HashMap<>();

  /**
   * @param hash of the key
   */
  public MasterKey(KeyHash hash) {
    this(hash, System::nanoTime);
  }

  MasterKey(KeyHash hash, LongSupplier nanoTime) {
    this.hash = hash;
    this.nanoTime = nanoTime;
  }

  /** Puts another key in force. */
  void exchange(KeyHash next) {
    hash = next;
  }

  /**
   * Checks the Authorization header of a request.
   *
   * @param peer address it comes from
   */
  public synchronized Check check(InetAddress peer, @Nullable String authorization) {
    long now = nanoTime.getAsLong();
    String who = counted(peer.getHostAddress(), now);
    long owed = Math.max(0, clearAt.getOrDefault(who, now) - now);
    if (owed > (GUESSES - 1) * NANOS_PER_GUESS) {
      return Check.TOO_MANY;
    }
    String token = BearerToken.of(authorization);
    if (token != null && KeyHash.of(token).equals(hash)) {
      return Check.GOOD;
    }
    clearAt.put(who, now + owed + NANOS_PER_GUESS);
    return Check.WRONG;
  }

  private String counted(String peer, long now) {
    if (!clearAt.containsKey(peer) && clearAt.size() >= MAX_PEERS) {
      clearAt.values().removeIf(clear -> clear - now <= 0);
      if (clearAt.size() >= MAX_PEERS) {
        return OTHERS;
      }
    }
    return peer;
  }

  /** Addresses that are counted. */
  synchronized int counted() {
    return clearAt.size();
  }
}
