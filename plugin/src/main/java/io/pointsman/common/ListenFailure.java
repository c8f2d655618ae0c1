package io.pointsman.common;

import java.io.IOException;

/** Says in one line for an operator why a port cannot be listened on. */
public final class ListenFailure {
  private ListenFailure() {}

  /**
   * The line, such as {@code cannot listen on :8080 (--http-bind-address): Address already in use}.
   *
   * @param flag by which the operator gives the address
   * @param failure as the JDK's or gRPC's server throws it
   */
  public static String describe(BindAddress address, String flag, IOException failure) {
    // Netty names the address a second time, its cause the system call; the reason comes last.
    Throwable cause = failure.getCause() == null ? failure : failure.getCause();
    String words = String.valueOf(cause.getMessage());
    String reason = words.substring(words.lastIndexOf(": ") < 0 ? 0 : words.lastIndexOf(": ") + 2);
    return "cannot listen on %s (%s): %s".formatted(address, flag, reason);
  }
}
