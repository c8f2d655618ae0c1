package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.StoreCommand.Argument.NAME;
import static io.pointsman.plugin.app.StoreCommand.Argument.NOTHING;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/** What the sub-commands {@code users} and {@code api-keys} can do, and how that is said. */
enum StoreCommand {
  USERS_CREATE(NAME, "Store a user that is not there yet."),
  USERS_READ(NAME, "Show a user."),
  USERS_UPDATE(NAME, "Replace a user's limits; one that is not given stays."),
  USERS_DELETE(NAME, "Remove a user. Its API keys stay; revoke them if they are to go."),
  USERS_LIST(NOTHING, "Show all users, a line of JSON for each."),
  API_KEYS_CREATE(
      NAME, "Make an API key. It is printed once, alone on standard output, and kept nowhere."),
  API_KEYS_LIST(NOTHING, "Show all API keys without the keys, a line of JSON for each."),
  API_KEYS_REVOKE(NAME, "Revoke an API key.");

  /** What stands behind a command. */
  enum Argument {
    NAME,
    NOTHING
  }

  static final String USERS = "users";
  static final String API_KEYS = "api-keys";

  /** Where Redis is, and who is told. */
  private static final List<Setting> SETTINGS =
      List.of(
          Setting.REDIS_URL,
          Setting.REDIS_HOST,
          Setting.REDIS_PORT,
          Setting.REDIS_PASSWORD,
          Setting.REDIS_KEY_PREFIX,
          Setting.AUDIT_LOG);

  private final Argument argument;
  private final String description;

  StoreCommand(Argument argument, String description) {
    this.argument = argument;
    this.description = description;
  }

  private List<String> options() {
    return switch (this) {
      case USERS_CREATE, USERS_UPDATE -> List.of("--rpm", "--tpm");
      case API_KEYS_CREATE ->
          List.of("--user", "--requests-per-minute", "--tokens-per-minute", "--requests-in-flight");
      default -> List.of();
    };
  }

  String group() {
    return name().startsWith("USERS_") ? USERS : API_KEYS;
  }

  private String verb() {
    return name().substring(name().lastIndexOf('_') + 1).toLowerCase(Locale.ROOT);
  }

  /** The command of these two words, or null. */
  static @Nullable StoreCommand of(String group, String verb) {
    for (StoreCommand command : values()) {
      if (command.group().equals(group) && command.verb().equals(verb)) {
        return command;
      }
    }
    return null;
  }

  /** The sub-command of one of the two groups, with all its commands. */
  static CommandSpec spec(String group) {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage()
        .description(
            group.equals(USERS)
                ? "Administer the users in Redis, whom the header user names."
                : "Administer the API keys in Redis.")
        .width(PluginCommand.WIDTH);
    spec.addOption(PluginCommand.help());
    for (StoreCommand command : values()) {
      if (command.group().equals(group)) {
        spec.addSubcommand(command.verb(), command.spec());
      }
    }
    return spec;
  }

  private CommandSpec spec() {
    CommandSpec spec = CommandSpec.create();
    spec.usageMessage().description(description).width(PluginCommand.WIDTH).sortOptions(false);
    spec.addOption(PluginCommand.help());
    if (argument == NAME) {
      spec.addPositional(
          PositionalParamSpec.builder()
              .paramLabel("NAME")
              .type(String.class)
              .arity("1")
              .required(true)
              .build());
    }
    for (String option : options()) {
      spec.addOption(
          OptionSpec.builder(option)
              .type(option.equals("--user") ? String.class : Long.class)
              .paramLabel(option.equals("--user") ? "NAME" : "COUNT")
              .description(meaning(option))
              .build());
    }
    SETTINGS.forEach(setting -> spec.addOption(PluginCommand.option(setting)));
    return spec;
  }

  private static String meaning(String option) {
    return switch (option) {
      case "--rpm" -> "Requests in a minute; 0: 100.";
      case "--tpm" -> "Tokens in a minute; 0: a thousand for each request.";
      case "--user" -> "Whom the key belongs to.";
      case "--requests-per-minute" -> "Requests in a minute; 0: no limit.";
      case "--tokens-per-minute" -> "Tokens in a minute; 0: no limit.";
      case "--requests-in-flight" -> "Requests at the same time; 0: no limit.";
      default -> throw new IllegalArgumentException(option);
    };
  }
}
