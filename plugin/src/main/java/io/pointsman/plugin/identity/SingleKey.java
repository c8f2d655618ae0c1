package io.pointsman.plugin.identity;

import org.jspecify.annotations.Nullable;

/** The one key of the setting {@code --auth-bearer-token}. */
record SingleKey(ApiKey key) implements KeySource {
  /** Its name, in logs. */
  static final String NAME = "auth-bearer-token";

  SingleKey(KeyHash hash) {
    this(new ApiKey(NAME, hash, "", null, Limits.NONE, 0));
  }

  @Override
  public @Nullable ApiKey find(KeyHash hash) {
    return key.hash().equals(hash) ? key : null;
  }

  @Override
  public boolean isComplete() {
    return true;
  }

  @Override
  public void close() {}
}
