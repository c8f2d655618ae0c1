package io.pointsman.xds.app;

import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.IDefaultValueProvider;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.OptionSpec;

/**
 * Takes what the command line does not say from the environment: {@code --xds-bind-address} from
 * {@code POINTSMAN_XDS_BIND_ADDRESS}, {@code --settings} from {@code POINTSMAN_XDS_SETTINGS}.
 */
final class EnvironmentDefaults implements IDefaultValueProvider {
  private static final String PREFIX = "POINTSMAN_XDS_";

  private final Map<String, String> environment;

  EnvironmentDefaults(Map<String, String> environment) {
    this.environment = environment;
  }

  static String variable(String option) {
    String name = option.replaceFirst("^--(xds-)?", "").replace('-', '_');
    return PREFIX + name.toUpperCase(Locale.ROOT);
  }

  @Override
  public @Nullable String defaultValue(ArgSpec argument) {
    // Null leaves the default that the option itself declares.
    return argument instanceof OptionSpec option
        ? environment.get(variable(option.longestName()))
        : null;
  }
}
