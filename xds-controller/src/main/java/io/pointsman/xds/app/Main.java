package io.pointsman.xds.app;

import io.pointsman.common.BindAddress;
import io.pointsman.common.DurationText;
import io.pointsman.xds.gateway.LeaseName;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.TypeConversionException;

/** Entry point of the xDS controller. */
public final class Main {
  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    // gRPC speaks to java.util.logging, which would print its own two-line form.
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    System.exit(commandLine(System.getenv(), System.out, System.err).execute(args));
  }

  static CommandLine commandLine(
      Map<String, String> environment, PrintStream out, PrintStream err) {
    return new CommandLine(new XdsControllerCommand(out))
        .setOut(writer(out))
        .setErr(writer(err))
        .setDefaultValueProvider(new EnvironmentDefaults(environment))
        .registerConverter(BindAddress.class, saying(BindAddress::parse))
        .registerConverter(LeaseName.class, saying(LeaseName::parse))
        .registerConverter(Duration.class, saying(Main::duration))
        .registerConverter(long.class, saying(Main::integer))
        .registerConverter(boolean.class, saying(Main::trueOrFalse))
        .setParameterExceptionHandler(BadArguments::refuse)
        .setExecutionExceptionHandler(Main::failed)
        .setUsageHelpWidth(100);
  }

  private static PrintWriter writer(PrintStream stream) {
    return new PrintWriter(stream, /* autoFlush= */ true, StandardCharsets.UTF_8);
  }

  /** Without this picocli would tell the operator a class name. */
  private static <T> ITypeConverter<T> saying(ITypeConverter<T> converter) {
    return text -> {
      try {
        return converter.convert(text);
      } catch (IllegalArgumentException e) {
        throw new TypeConversionException(String.valueOf(e.getMessage()));
      }
    };
  }

  private static Long integer(String text) {
    try {
      return Long.valueOf(text);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException("expected an integer, found \"" + text + "\"", e);
    }
  }

  private static Duration duration(String text) {
    Duration duration = DurationText.parse(text);
    if (duration == null) {
      throw new IllegalArgumentException(
          "expected a duration such as 30s or 1m, found \"" + text + "\"");
    }
    return duration;
  }

  private static Boolean trueOrFalse(String text) {
    return switch (text) {
      case "true" -> true;
      case "false" -> false;
      default ->
          throw new IllegalArgumentException("expected true or false, found \"" + text + "\"");
    };
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
