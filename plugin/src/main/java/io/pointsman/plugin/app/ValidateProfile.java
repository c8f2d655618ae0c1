package io.pointsman.plugin.app;

import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.AnnotationFinder;
import io.pointsman.plugin.endpoint.AnnotationFinder.Found;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;

/** Checks config profiles without a plugin that runs, for a platform team's own tests. */
final class ValidateProfile {
  static final String NAME = "validate-profile";

  private ValidateProfile() {}

  /**
   * Checks every config that a file holds.
   *
   * @return one line for each
   * @throws BadSettingsException with everything that is wrong
   */
  static List<String> run(Path file) throws BadSettingsException {
    var reader = new ModelConfigReader(StrategyCatalog.standard()::isKnown);
    var good = new ArrayList<String>();
    var wrong = new ArrayList<String>();
    try {
      List<Found> found = AnnotationFinder.find(file.toString(), Files.readString(file));
      if (found.isEmpty()) {
        wrong.add(file + ": nothing here has the annotation " + ModelConfigReader.ANNOTATION);
      }
      for (Found config : found) {
        try {
          ModelConfig read = reader.readJson(file.toString(), config.line(), config.json());
          good.add(file + ":" + config.line() + ": ok: profiles=" + names(read));
        } catch (ConfigException e) {
          wrong.add(e.getMessage());
        }
      }
    } catch (ConfigException e) {
      wrong.add(e.getMessage());
    } catch (IOException e) {
      wrong.add(file + ": cannot be read: " + e.getMessage());
    }
    if (!wrong.isEmpty()) {
      throw new BadSettingsException(wrong);
    }
    return good;
  }

  private static String names(ModelConfig config) {
    return String.join(",", new TreeSet<>(config.profiles().keySet()));
  }
}
