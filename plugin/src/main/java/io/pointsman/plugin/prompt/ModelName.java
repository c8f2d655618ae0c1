package io.pointsman.plugin.prompt;

import org.jspecify.annotations.Nullable;

/** What may be a model's name: it ends up in headers and logs, wherever it was read from. */
final class ModelName {
  /** Longer names are refused. */
  static final int MAX_LENGTH = 1024;

  private ModelName() {}

  /** What is wrong with a name, fit for the client, or null if nothing is. */
  static @Nullable String problem(String name) {
    if (name.isEmpty()) {
      return "model must not be empty";
    }
    if (name.length() > MAX_LENGTH) {
      return "model is too long";
    }
    for (int i = 0; i < name.length(); i++) {
      if (Character.isISOControl(name.charAt(i))) {
        return "model must not contain control characters";
      }
    }
    return null;
  }
}
