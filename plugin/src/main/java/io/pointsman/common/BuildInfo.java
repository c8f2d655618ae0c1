package io.pointsman.common;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Properties;

/** What the build wrote into the jar. */
public final class BuildInfo {
  private static final String VERSION = readVersion();

  private BuildInfo() {}

  /** The version of the build, such as {@code 0.1.0}. */
  public static String version() {
    return VERSION;
  }

  private static String readVersion() {
    var properties = new Properties();
    try (var in = BuildInfo.class.getResourceAsStream("build.properties")) {
      if (in != null) {
        properties.load(in);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return properties.getProperty("version", "unknown");
  }
}
