package io.pointsman.plugin.identity;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the header {@code user} means where no API key is asked for. */
public enum UserPolicy {
  /** Users are not looked up: the header is for strategies alone. */
  OFF("off"),
  /** A user must be stored; others are refused. */
  KNOWN("known"),
  /** A stored user has its limits; others go on without. */
  ANY("any");

  private final String label;

  UserPolicy(String label) {
    this.label = label;
  }

  /** The policy of this name, or null. */
  public static @Nullable UserPolicy of(String name) {
    return List.of(values()).stream().filter(p -> p.label.equals(name)).findFirst().orElse(null);
  }
}
