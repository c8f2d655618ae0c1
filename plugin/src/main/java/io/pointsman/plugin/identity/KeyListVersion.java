package io.pointsman.plugin.identity;

import org.jspecify.annotations.Nullable;

/**
 * A version of the list of API keys in Redis.
 *
 * @param text as it stands in Redis: {@code epoch:count:random}, no two the same
 * @param epoch differs between lists that did not come from one another, as after a loss
 * @param count changes in this epoch
 */
record KeyListVersion(String text, String epoch, long count) {
  /** Reads a version; one of another form is an epoch of its own without changes. */
  static KeyListVersion parse(String text) {
    String[] parts = text.split(":", -1);
    try {
      return new KeyListVersion(text, parts[0], parts.length < 2 ? 0 : Long.parseLong(parts[1]));
    } catch (NumberFormatException e) {
      return new KeyListVersion(text, parts[0], 0);
    }
  }

  /** Whether one list came from the other; not so if there is no other. */
  boolean isOfEpochOf(@Nullable KeyListVersion other) {
    return other != null && epoch.equals(other.epoch);
  }
}
