package io.pointsman.xds.app;

import java.util.Arrays;
import java.util.TreeSet;
import picocli.CommandLine;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/** Says in one line what is wrong with the command line or a variable of the environment. */
final class BadArguments {
  /** How picocli begins, before the option's name and the reason that a converter gives. */
  private static final String BAD_VALUE = "Invalid value for option ";

  private BadArguments() {}

  /** Prints the line; returns the exit code. */
  static int refuse(ParameterException e, String[] arguments) {
    CommandLine command = e.getCommandLine();
    command
        .getErr()
        .println(
            "xds-controller: %s; see %s --help"
                .formatted(reason(e, arguments), command.getCommandSpec().qualifiedName()));
    return ExitCode.USAGE;
  }

  private static String reason(ParameterException e, String[] arguments) {
    String message = String.valueOf(e.getMessage());
    if (e.getArgSpec() instanceof OptionSpec option && message.startsWith(BAD_VALUE)) {
      String rest = message.substring((BAD_VALUE + "'" + option.longestName() + "'").length());
      String label = " (" + option.paramLabel() + ")"; // With options that take several values.
      return origin(option, arguments)
          + (rest.startsWith(label) ? rest.substring(label.length()) : rest);
    }
    var commands = new TreeSet<>(e.getCommandLine().getSubcommands().keySet());
    return commands.isEmpty()
        ? message
        : message + ", expected one of " + String.join(", ", commands);
  }

  private static String origin(OptionSpec option, String[] arguments) {
    String flag = option.longestName();
    boolean given =
        Arrays.stream(arguments).anyMatch(a -> a.equals(flag) || a.startsWith(flag + "="));
    return given ? flag : EnvironmentDefaults.variable(option);
  }
}
