package io.pointsman.plugin.app;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.pointsman.common.BuildInfo;
import io.pointsman.common.ConfigException;
import java.io.PrintStream;
import java.io.PrintWriter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/** Entry point of the plugin. */
public final class Main {
  private static final Logger log = LoggerFactory.getLogger(Main.class);

  private Main() {}

  public static void main(String[] args) {
    // gRPC speaks to java.util.logging, which would print its own two-line form.
    SLF4JBridgeHandler.removeHandlersForRootLogger();
    SLF4JBridgeHandler.install();
    PrintStream out = System.out;
    // Of a command, standard output holds what was asked for alone; of the plugin, its log.
    System.setOut(System.err);
    var command =
        new PluginCommand(
            System.getenv(),
            new PrintWriter(out, true, UTF_8),
            new PrintWriter(System.err, true, UTF_8),
            (settings, effective) -> {
              System.setOut(out);
              return runUntilStopped(settings, effective);
            });
    System.exit(command.run(args));
  }

  private static int runUntilStopped(PluginSettings settings, String effective)
      throws StartException, ConfigException {
    log.info("starting: version={} {}", BuildInfo.version(), effective);
    var plugin = Plugin.start(settings);
    Runtime.getRuntime().addShutdownHook(new Thread(() -> stop(plugin), "shutdown"));
    plugin.awaitClosed();
    return PluginCommand.OK;
  }

  /**
   * On SIGTERM and SIGINT. A second signal changes nothing. The JVM by itself would end with 143
   * (128 + SIGTERM), which Kubernetes shows as an error: a replica that has drained as it was asked
   * to ends with 0 instead, so that 143 and 137 are left for those that were cut.
   */
  private static void stop(Plugin plugin) {
    try {
      plugin.drain();
      plugin.close();
      log.info("stopped");
      Runtime.getRuntime().halt(PluginCommand.OK);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
