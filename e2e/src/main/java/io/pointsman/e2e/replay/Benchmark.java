package io.pointsman.e2e.replay;

import io.pointsman.e2e.harness.HarnessException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/** A command that measures something and writes a report of it. */
abstract class Benchmark implements Callable<Integer> {
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
