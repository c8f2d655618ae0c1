package io.pointsman.plugin.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.PrintWriter;

/** Entry point of the plugin. */
public final class Main {
  private Main() {}

  public static void main(String[] args) {
    var command =
        new PluginCommand(
            System.getenv(),
            new PrintWriter(System.out, true, UTF_8),
            new PrintWriter(System.err, true, UTF_8),
            (settings, effective) -> PluginCommand.OK);
    System.exit(command.run(args));
  }
}
