package io.pointsman.xds.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.settings.Settings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SettingsFileTest {
  @TempDir private Path folder;

  private final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  private Path path;
  private SettingsFile file;
  private XdsServer server;

  @BeforeEach
  void follow() throws ConfigException, IOException {
    path = Files.writeString(folder.resolve("settings.yaml"), "listener: {port: 1}\n");
    file = SettingsFile.read(path);
    server = XdsServer.start(new BindAddress("127.0.0.1", 0), file.settings(), registry);
    file.follow(server);
  }

  @AfterEach
  void stop() {
    file.close();
    server.close();
  }

  private double refused() {
    return registry.get("pointsman.xds.settings.refused").counter().count();
  }

  private double inForce() {
    return registry.get("pointsman.xds.settings.in.force").gauge().value();
  }

  @Test
  void theFileIsRead() {
    assertThat(file.settings().listener().port()).isEqualTo(1);
    assertThat(file.problem()).isNull();
    assertThat(inForce()).isEqualTo(1);
  }

  @Test
  void aChangeIsPublished() throws IOException {
    String before = server.version();
    Files.writeString(path, "listener: {port: 2}\n");
    await().until(() -> !server.version().equals(before));
  }

  @Test
  void aBadFileIsRefusedAndTheLastGoodOneStaysUntilTheNext() throws IOException {
    String before = server.version();
    Files.writeString(path, "listener:\n  port: none\n");

    await().until(() -> refused() == 1);
    assertThat(file.problem())
        .isEqualTo(path + ":2: listener.port: expected an integer from 1 to 65535, found \"none\"");
    assertThat(server.version()).isEqualTo(before);
    assertThat(inForce()).isZero();

    Files.writeString(path, "listener: {port: 3}\n");
    await().until(() -> !server.version().equals(before));
    await().until(() -> file.problem() == null);
    assertThat(inForce()).isEqualTo(1);
    assertThat(refused()).isEqualTo(1);
  }

  @Test
  void backToTheSettingsInForceIsInForce() throws IOException {
    String before = server.version();
    Files.writeString(path, "nonsense");
    await().until(() -> refused() == 1);
    Files.writeString(path, "listener: {port: 1}\n");
    await().until(() -> inForce() == 1);
    assertThat(server.version()).isEqualTo(before);
  }

  @Test
  void aFileThatGoesAwayChangesNothing() throws IOException {
    String before = server.version();
    Files.delete(path);
    Files.writeString(folder.resolve("other"), "listener: {port: 4}\n");
    Files.move(folder.resolve("other"), path);
    await().until(() -> !server.version().equals(before));
    assertThat(refused()).isZero();
  }

  @Test
  void aMissingFileIsRefusedAtStart() {
    assertThatThrownBy(() -> SettingsFile.read(folder.resolve("none.yaml")))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining("none.yaml: there is no such file");
  }

  @Test
  void settingsAreTheFilesOwn() throws ConfigException {
    assertThat(file.settings()).isEqualTo(Settings.parse("x", "listener: {port: 1}"));
  }
}
