package io.pointsman.xds.app;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ExitCode;

/** Ends a command with an exit code and one line for the operator. */
final class CommandFailure extends Exception {
  private static final long serialVersionUID = 1L;

  private final int exitCode;

  private CommandFailure(int exitCode, String reason, @Nullable Exception cause) {
    super(reason, cause);
    this.exitCode = exitCode;
  }

  /** What the operator gave cannot be used. */
  static CommandFailure badInput(String reason) {
    return new CommandFailure(ExitCode.USAGE, reason, null);
  }

  /** What the operator gave cannot be used. */
  static CommandFailure badInput(Exception cause) {
    return new CommandFailure(ExitCode.USAGE, String.valueOf(cause.getMessage()), cause);
  }

  /** The machine does not let us do it. */
  static CommandFailure impossible(Exception cause) {
    return new CommandFailure(ExitCode.SOFTWARE, String.valueOf(cause.getMessage()), cause);
  }

  int exitCode() {
    return exitCode;
  }
}
