package io.pointsman.xds.app;

import io.pointsman.common.BindAddress;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import picocli.CommandLine;
import picocli.CommandLine.ParseResult;

/** Entry point of the xDS controller. */
public final class Main {
  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    System.exit(commandLine(System.getenv(), System.out, System.err).execute(args));
  }

  static CommandLine commandLine(
      Map<String, String> environment, PrintStream out, PrintStream err) {
    return new CommandLine(new XdsControllerCommand(out))
        .setOut(writer(out))
        .setErr(writer(err))
        .setDefaultValueProvider(new EnvironmentDefaults(environment))
        .registerConverter(BindAddress.class, BindAddress::parse)
        .setExecutionExceptionHandler(Main::failed)
        .setUsageHelpWidth(100);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, /* autoFlush= */ true, StandardCharsets.UTF_8);
  }

  private static int failed(Exception e, CommandLine commandLine, ParseResult parsed)
      throws Exception {
    if (e instanceof CommandFailure failure) {
      commandLine.getErr().println("xds-controller: " + failure.getMessage());
      return failure.exitCode();
    }
    throw e;
  }
}
