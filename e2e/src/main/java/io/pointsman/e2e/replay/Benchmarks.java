package io.pointsman.e2e.replay;

import io.pointsman.e2e.harness.HarnessException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine;

/** What the benchmarks' commands have in common. */
final class Benchmarks {
  private Benchmarks() {}

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

  /** Where downloads, logs and reports go. */
  static Path target() {
    return Path.of(System.getProperty("pointsman.e2e.target", "e2e/target"));
  }

  /** Writes a report into a folder and shows it. */
  static void tell(String report, Path folder, String file, PrintStream out) throws IOException {
    Files.createDirectories(folder);
    Path written = folder.resolve(file);
    Files.writeString(written, report);
    out.println();
    out.print(report);
    out.println("written: " + written);
  }
}
