package io.pointsman.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EnvoyProcessTest {
  @TempDir Path folder;

  @Test
  void aRealEnvoyStartsTellsItsStatsAndStops() throws Exception {
    try (var ports = new Ports()) {
      int adminPort = ports.next();
      Path bootstrap = folder.resolve("envoy.yaml");
      Files.writeString(
          bootstrap,
          """
          admin:
            address:
              socket_address: {address: 127.0.0.1, port_value: %d}
          """
              .formatted(adminPort));
      Path binary = EnvoyBinary.find(Path.of("target"), System.out::println);
      try (var envoy =
          EnvoyProcess.start(binary, bootstrap, adminPort, folder.resolve("envoy.log"))) {
        envoy.awaitReady();
        assertThat(envoy.configDump()).contains("BootstrapConfigDump");
        assertThat(envoy.stat("server.live")).isEqualTo(1);
        assertThat(envoy.stat("no.such.stat")).isZero();
        assertThat(envoy.stats("^server\\.")).containsKeys("server.live", "server.concurrency");
      }
      assertThat(Ports.isFree(adminPort)).isTrue();
    }
  }
}
