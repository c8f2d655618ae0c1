package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.ConfigException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileDiscoveryTest {
  private static final Duration INTERVAL = Duration.ofMillis(10);

  @TempDir Path folder;
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final BlockingQueue<Topology> topologies = new LinkedBlockingQueue<>();
  private Path file;
  private FileDiscovery discovery;

  @BeforeEach
  void open() {
    file = folder.resolve("models.yaml");
    discovery = new FileDiscovery(file, INTERVAL, "random"::equals, meters);
  }

  @AfterEach
  void close() {
    discovery.close();
  }

  private static String models(String... addresses) {
    return "models:\n- name: m\n  endpoints: " + List.of(addresses) + "\n";
  }

  private void start(String text) throws Exception {
    Files.writeString(file, text);
    discovery.start(topologies::add);
  }

  private void replace(String text) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  private List<String> nextAddresses() throws InterruptedException {
    Topology topology = topologies.poll(30, TimeUnit.SECONDS);
    assertThat(topology).as("a topology within 30 s").isNotNull();
    return topology.models().get(0).endpoints().stream().map(EndpointSpec::address).toList();
  }

  private double current() {
    return meters.get("pointsman.discovery.current").gauge().value();
  }

  private double refused() {
    return meters.get("pointsman.discovery.refused").counter().count();
  }

  @Test
  void theFirstTopologyIsThereWhenStartReturns() throws Exception {
    start(models("10.0.0.1"));

    assertThat(topologies).hasSize(1);
    assertThat(discovery.status()).isEqualTo("ok");
    assertThat(current()).isEqualTo(1);
  }

  @Test
  void aWrongFileStopsTheStart() {
    assertThatThrownBy(() -> start("models: 1"))
        .isInstanceOf(ConfigException.class)
        .hasMessage(file + ":1: models: expected a list, found \"1\"");
    assertThat(topologies).isEmpty();
  }

  @Test
  void aMissingFileStopsTheStart() {
    assertThatThrownBy(() -> discovery.start(topologies::add))
        .isInstanceOf(ConfigException.class)
        .hasMessage(file + ": there is no such file");
  }

  @Test
  void aFileThatIsRenamedOverIsTakenOver() throws Exception {
    start(models("10.0.0.1"));
    nextAddresses();

    replace(models("10.0.0.1", "10.0.0.2"));

    assertThat(nextAddresses()).containsExactly("10.0.0.1:8000", "10.0.0.2:8000");
  }

  @Test
  void aConfigMapSwappedByKubernetesIsTakenOver() throws Exception {
    Path oldData = Files.createDirectory(folder.resolve("..2026_1"));
    Files.writeString(oldData.resolve("models.yaml"), models("10.0.0.1"));
    Path newData = Files.createDirectory(folder.resolve("..2026_2"));
    Files.writeString(newData.resolve("models.yaml"), models("10.0.0.2"));
    Path data = Files.createSymbolicLink(folder.resolve("..data"), oldData.getFileName());
    Files.createSymbolicLink(file, Path.of("..data/models.yaml"));
    discovery.start(topologies::add);
    assertThat(nextAddresses()).containsExactly("10.0.0.1:8000");

    Path swap = Files.createSymbolicLink(folder.resolve("..swap"), newData.getFileName());
    Files.move(swap, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);

    assertThat(nextAddresses()).containsExactly("10.0.0.2:8000");
  }

  @Test
  void aWrongChangeIsRefusedAndTheNextGoodOneTaken() throws Exception {
    start(models("10.0.0.1"));
    nextAddresses();

    replace(models("10.0.0.1", "not-an-address"));
    await().untilAsserted(() -> assertThat(refused()).isEqualTo(1));
    assertThat(topologies).isEmpty();
    assertThat(current()).isZero();
    assertThat(discovery.status())
        .startsWith("refused, the last good content is in force: " + file + ":3: models[0]");

    replace(models("10.0.0.3"));
    assertThat(nextAddresses()).containsExactly("10.0.0.3:8000");
    await().untilAsserted(() -> assertThat(discovery.status()).isEqualTo("ok"));
    assertThat(current()).isEqualTo(1);
    assertThat(refused()).isEqualTo(1);
  }

  @Test
  void goingBackToTheLastGoodContentClearsTheRefusal() throws Exception {
    start(models("10.0.0.1"));
    nextAddresses();
    replace("models: [");
    await().untilAsserted(() -> assertThat(current()).isZero());

    replace(models("10.0.0.1"));

    await().untilAsserted(() -> assertThat(current()).isEqualTo(1));
    assertThat(nextAddresses()).containsExactly("10.0.0.1:8000");
  }

  @Test
  void aFileCutShortIsRefusedWhole() throws Exception {
    String good = models("10.0.0.1", "10.0.0.2");
    start(good);
    nextAddresses();

    Files.writeString(file, good.substring(0, good.length() - 4));

    await().untilAsserted(() -> assertThat(refused()).isEqualTo(1));
    assertThat(topologies).isEmpty();
  }

  @Test
  void aDeletedFileKeepsTheLastGoodContentAndSaysSo() throws Exception {
    start(models("10.0.0.1"));
    nextAddresses();

    Files.delete(file);
    await().untilAsserted(() -> assertThat(current()).isZero());
    assertThat(discovery.status())
        .isEqualTo("cannot read " + file + "; the last good content is in force");
    assertThat(topologies).isEmpty();

    replace(models("10.0.0.2"));
    assertThat(nextAddresses()).containsExactly("10.0.0.2:8000");
    await().untilAsserted(() -> assertThat(discovery.status()).isEqualTo("ok"));
  }

  @Test
  void closingTakesTheMetersAway() throws Exception {
    start(models("10.0.0.1"));

    discovery.close();

    assertThat(meters.getMeters()).isEmpty();
  }
}
