package io.pointsman.xds.app;

import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The option of every command that cannot do without settings. Filled by the parser. */
final class SettingsOption {
  @Option(
      names = "--settings",
      required = true,
      paramLabel = "FILE",
      description =
          "Settings file (YAML); commands that run on watch it. Environment:"
              + " POINTSMAN_XDS_SETTINGS.")
  Path settings = Path.of("");
}
