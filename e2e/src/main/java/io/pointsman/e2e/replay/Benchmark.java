package io.pointsman.e2e.replay;

import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.HarnessException;
import io.pointsman.e2e.harness.ModelsFile;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Stack;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** A command that measures something and writes a report of it. */
abstract class Benchmark implements Callable<Integer> {
  private static final Duration READY_LIMIT = Duration.ofSeconds(30);

  final PrintStream out = System.out;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "Where reports go. Default: e2e/target/replay.")
  private Path output = target().resolve("replay");

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this page.")
  @SuppressWarnings("UnusedVariable") // picocli reads it.
  private boolean help;

  /** Runs a command and ends this JVM with its exit code. */
  static void run(CommandLine command, String[] args) {
    String name = command.getCommandName();
    System.exit(
        command
            .setUsageHelpWidth(100)
            .setExecutionExceptionHandler(
                (e, commandLine, parsed) -> {
                  if (!(e instanceof HarnessException)) {
                    throw e;
                  }
                  System.err.println(name + ": " + e.getMessage());
                  return CommandLine.ExitCode.SOFTWARE;
                })
            .execute(args));
  }

  /** Where downloads and logs go; the script beside the command sets it. */
  static Path target() {
    return Path.of(System.getProperty("pointsman.e2e.target", "e2e/target"));
  }

  /**
   * Gives a model so many pods of which none is there, for plugins that are asked without Envoy,
   * and waits until all plugins know them.
   *
   * @param config the model's config profiles as JSON, or null
   */
  static void usePods(Stack stack, String model, int count, @Nullable String config) {
    List<String> pods =
        IntStream.rangeClosed(1, count).mapToObj(pod -> "127.1.0." + pod + ":8000").toList();
    stack.modelsFile().write(List.of(new ModelsFile.Model(model, pods, config)));
    Await.until(
        "all plugins know the pods",
        READY_LIMIT,
        () -> stack.plugins().stream().allMatch(plugin -> knowsPods(plugin, count)));
  }

  private static boolean knowsPods(PluginProcess plugin, int count) {
    return plugin.endpoints().getModelsList().stream()
        .anyMatch(model -> model.getEndpointsCount() == count);
  }

  /** Writes a file into the folder of reports, and says where. */
  final Path write(String file, String content) throws IOException {
    Path written = Files.createDirectories(output).resolve(file);
    Files.writeString(written, content);
    out.println("written: " + written);
    return written;
  }

  /** Shows a report and writes it. */
  final void report(String file, String markdown) throws IOException {
    out.println();
    out.print(markdown);
    write(file, markdown);
  }
}
