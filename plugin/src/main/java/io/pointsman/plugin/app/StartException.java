package io.pointsman.plugin.app;

import io.pointsman.common.BindAddress;
import io.pointsman.common.ListenFailure;
import java.io.IOException;

/** The plugin cannot start, though its settings are sound; the message is one line. */
final class StartException extends Exception {
  private static final long serialVersionUID = 1L;

  StartException(String message, Throwable cause) {
    super(message, cause);
  }

  static StartException cannotListen(Setting setting, BindAddress address, IOException e) {
    return new StartException(ListenFailure.describe(address, setting.flag(), e), e);
  }
}
