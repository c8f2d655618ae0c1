package io.pointsman.xds.app;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes what the command line does not say from the environment: {@code --xds-bind-address} from
 * {@code POINTSMAN_XDS_BIND_ADDRESS}, {@code --settings} from {@code POINTSMAN_XDS_SETTINGS}. An
 * empty variable counts as not set.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {
  private static final String PREFIX = "POINTSMAN_XDS_";

  private final Map<String, String> environment;

  EnvironmentDefaults(Map<String, String> environment) {
    this.environment = environment;
  }

  static String variable(OptionSpec option) {
    String name = option.longestName().replaceFirst("^--(xds-)?", "").replace('-', '_');
    return PREFIX + name.toUpperCase(Locale.ROOT);
  }

  /** Null leaves the default that the option itself declares. */
  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    // POINTSMAN_XDS_VERSION is an image's version, and nobody's wish to have it printed.
    if (argument instanceof OptionSpec option && !option.usageHelp() && !option.versionHelp()) {
      String value = environment.get(variable(option));
      return value == null || value.isEmpty() ? null : value;
    }
    return null;
  }
}
