package io.pointsman.plugin.app;

/** Entry point of the plugin. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {}
}
