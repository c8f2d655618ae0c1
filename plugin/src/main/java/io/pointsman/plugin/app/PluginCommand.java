package io.pointsman.plugin.app;

import io.pointsman.common.BuildInfo;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.ArgGroupSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;

/**
 * The command line: reads flags and environment, answers {@code --help} and {@code --version}, and
 * hands checked settings on. What is wrong is told in one line each, without a stack trace.
 */
final class PluginCommand {
  static final String NAME = "pointsman-plugin";

  /** Ran to its end, or told what was asked for. */
  static final int OK = 0;

  /** Could not start: a port was taken, a certificate unusable. */
  static final int FAILED_START = 1;

  /** Flags, environment or a settings file cannot be used. */
  static final int BAD_SETTINGS = 2;

  /** There is no such user or key, or there is one of this name already. */
  static final int NOT_DONE = 3;

  static final int WIDTH = 118;
  private static final int LONGEST_FLAG = 40;

  /** What to do with good settings. */
  interface Action {
    /**
     * Runs the plugin.
     *
     * @param effective one line that says what applies, for the log
     * @return exit code
     */
    int run(PluginSettings settings, String effective) throws StartException, ConfigException;
  }

  private final Map<String, String> environment;
  private final PrintWriter out;
  private final PrintWriter err;
  private final Action action;

  PluginCommand(Map<String, String> environment, PrintWriter out, PrintWriter err, Action action) {
    this.environment = environment;
    this.out = out;
    this.err = err;
    this.action = action;
  }

  /** Runs the command; returns the exit code. */
  int run(String... arguments) {
    var commandLine = new CommandLine(spec());
    commandLine.setUsageHelpWidth(WIDTH);
    commandLine.setUsageHelpLongOptionsMaxWidth(LONGEST_FLAG);
    try {
      ParseResult parsed = commandLine.parseArgs(arguments);
      if (parsed.hasSubcommand()) {
        return subcommand(parsed.subcommand());
      }
      if (parsed.isUsageHelpRequested()) {
        commandLine.usage(out, Ansi.OFF);
        return OK;
      }
      if (parsed.isVersionHelpRequested()) {
        commandLine.printVersionHelp(out, Ansi.OFF);
        return OK;
      }
      var values = new SettingValues(flags(parsed), environment);
      return action.run(PluginSettings.read(values), values.effective());
    } catch (ParameterException e) {
      complain(e.getMessage() + "; see --help");
      return BAD_SETTINGS;
    } catch (BadSettingsException e) {
      e.errors().forEach(this::complain);
      return BAD_SETTINGS;
    } catch (ConfigException e) {
      complain(e.getMessage());
      return BAD_SETTINGS;
    } catch (StartException e) {
      complain(e.getMessage());
      return FAILED_START;
    } finally {
      out.flush();
    }
  }

  private int subcommand(ParseResult parsed) throws BadSettingsException, StartException {
    String name = parsed.commandSpec().name();
    return name.equals(ValidateProfile.NAME) ? validateProfile(parsed) : onStore(name, parsed);
  }

  private int onStore(String group, ParseResult parsed)
      throws BadSettingsException, StartException {
    ParseResult command = parsed.hasSubcommand() ? parsed.subcommand() : parsed;
    StoreCommand chosen = StoreCommand.of(group, command.commandSpec().name());
    if (command.isUsageHelpRequested()) {
      command.commandSpec().commandLine().usage(out, Ansi.OFF);
      return OK;
    }
    if (chosen == null) {
      command.commandSpec().commandLine().usage(err, Ansi.OFF);
      err.flush();
      return BAD_SETTINGS;
    }
    var values = new SettingValues(flags(command), environment);
    return StoreCommands.run(chosen, command, values, out, err);
  }

  private int validateProfile(ParseResult parsed) throws BadSettingsException {
    if (parsed.isUsageHelpRequested()) {
      parsed.commandSpec().commandLine().usage(out, Ansi.OFF);
      return OK;
    }
    Path file = parsed.matchedPositionalValue(0, Path.of(""));
    ValidateProfile.run(file).forEach(out::println);
    return OK;
  }

  private void complain(@Nullable String problem) {
    err.println(NAME + ": " + problem);
    err.flush();
  }

  private static Map<Setting, String> flags(ParseResult parsed) {
    var flags = new EnumMap<Setting, String>(Setting.class);
    for (Setting setting : Setting.values()) {
      String value = parsed.matchedOptionValue(setting.flag(), (String) null);
      if (value != null) {
        flags.put(setting, value);
      }
    }
    return flags;
  }

  private static CommandSpec spec() {
    CommandSpec spec = CommandSpec.create().name(NAME);
    spec.version(NAME + " " + BuildInfo.version());
    spec.usageMessage()
        .description(
            "Envoy external processor that picks the pod which serves each LLM inference request.",
            "Every option can be given as an environment variable instead; the option goes first."
                + " Durations: 500ms, 5s, 2m, 1h.",
            "")
        .sortOptions(false)
        .sortSynopsis(false)
        .customSynopsis(
            NAME + " --endpoints-config=FILE [OPTIONS]",
            NAME + " " + ValidateProfile.NAME + " FILE",
            NAME + " " + StoreCommand.USERS + " create|read|update|delete|list [OPTIONS] [NAME]",
            NAME + " " + StoreCommand.API_KEYS + " create|list|revoke [OPTIONS] [NAME]")
        .exitCodeListHeading("%nExit codes:%n")
        .exitCodeList(exitCodes());
    spec.addSubcommand(ValidateProfile.NAME, validateProfileSpec());
    spec.addSubcommand(StoreCommand.USERS, StoreCommand.spec(StoreCommand.USERS));
    spec.addSubcommand(StoreCommand.API_KEYS, StoreCommand.spec(StoreCommand.API_KEYS));
    spec.addOption(help());
    spec.addOption(
        OptionSpec.builder("-V", "--version")
            .versionHelp(true)
            .description("Show the version.")
            .build());
    int order = 0;
    for (Setting.Group group : Setting.Group.values()) {
      spec.addArgGroup(argGroup(group, order++));
    }
    return spec;
  }

  static OptionSpec help() {
    return OptionSpec.builder("-h", "--help")
        .usageHelp(true)
        .description("Show this page.")
        .build();
  }

  private static CommandSpec validateProfileSpec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            "Check config profiles without a cluster: the content of the annotation "
                + ModelConfigReader.ANNOTATION
                + ", or manifests of pods or of what makes pods.")
        .width(WIDTH);
    spec.addOption(help());
    spec.addPositional(
        PositionalParamSpec.builder()
            .paramLabel("FILE")
            .type(Path.class)
            .arity("1")
            .required(true)
            .description("JSON of the annotation, or manifests in YAML or JSON.")
            .build());
    return spec;
  }

  private static Map<String, String> exitCodes() {
    var codes = new LinkedHashMap<String, String>();
    codes.put(Integer.toString(OK), "stopped as asked (SIGTERM, SIGINT), or this page was shown");
    codes.put(
        Integer.toString(FAILED_START),
        "failed to start, such as a port that is taken, or cannot reach Redis");
    codes.put(Integer.toString(BAD_SETTINGS), "an option, a variable or a file cannot be used");
    codes.put(
        Integer.toString(NOT_DONE),
        "there is no such user or key, or there is one of this name already");
    return codes;
  }

  private static ArgGroupSpec argGroup(Setting.Group group, int order) {
    var builder =
        ArgGroupSpec.builder().heading("%n" + group.heading() + ":%n").validate(false).order(order);
    for (Setting setting : Setting.values()) {
      if (setting.group() == group) {
        builder.addArg(option(setting));
      }
    }
    return builder.build();
  }

  static OptionSpec option(Setting setting) {
    var builder =
        OptionSpec.builder(setting.flag(), setting.otherFlags())
            .type(String.class)
            .paramLabel(setting.isSwitch() ? "true|false" : setting.valueLabel())
            .description(setting.description(), environmentAndDefault(setting));
    if (setting.isSwitch()) {
      builder.arity("0..1").fallbackValue("true");
    } else {
      builder.arity("1");
    }
    return builder.build();
  }

  private static String environmentAndDefault(Setting setting) {
    String environment = "[env: " + String.join(", ", setting.environmentNames()) + "]";
    String defaultValue = setting.defaultValue();
    return defaultValue == null ? environment : environment + " [default: " + defaultValue + "]";
  }
}
