package io.pointsman.xds.server;

import io.pointsman.xds.settings.Settings;

/** Does what the settings say. Thread-safe. */
public interface SettingsFollower {
  /**
   * These settings are to be in force.
   *
   * @param readNanos when they were read, by {@link System#nanoTime}
   */
  void publish(Settings settings, long readNanos);

  /** Settings were refused, and what is in force stays. */
  void refused();

  /** A short name for what is in force, which changes with it. */
  String version();
}
