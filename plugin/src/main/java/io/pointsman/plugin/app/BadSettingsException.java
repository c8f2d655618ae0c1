package io.pointsman.plugin.app;

import java.util.List;

/** Settings that cannot be used; each error is one line for the operator. */
final class BadSettingsException extends Exception {
  private static final long serialVersionUID = 1L;

  private final List<String> errors;

  BadSettingsException(List<String> errors) {
    super(String.join("; ", errors));
    this.errors = List.copyOf(errors);
  }

  List<String> errors() {
    return errors;
  }
}
