package io.pointsman.plugin.app;

import io.pointsman.common.BindAddress;
import java.io.IOException;

/** The plugin cannot start, though its settings are sound; the message is one line. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  StartException(String message, Throwable cause) {
    super(message, cause);
  }

  static StartException cannotListen(Setting setting, BindAddress address, IOException e) {
    // Netty names the address a second time, its cause the system call; the reason comes last.
    Throwable cause = e.getCause() == null ? e : e.getCause();
    String words = String.valueOf(cause.getMessage());
    String reason = words.substring(words.lastIndexOf(": ") < 0 ? 0 : words.lastIndexOf(": ") + 2);
    return new StartException(
        "cannot listen on %s (%s): %s".formatted(address, setting.flag(), reason), e);
  }
}
