package io.pointsman.xds.settings;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The annotated settings file that ships with the program. */
final class ExampleFile {
  private ExampleFile() {}

  static String text() {
    try (var in = Settings.class.getResourceAsStream("settings.example.yaml")) {
      if (in == null) {
        throw new IllegalStateException("the example is missing");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
