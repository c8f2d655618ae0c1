package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.pointsman.plugin.identity.MasterKey.Check;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MasterKeyFileTest {
  private static final Duration LONG = Duration.ofSeconds(20);
  private static final InetAddress PEER = InetAddress.getLoopbackAddress();

  @TempDir private Path folder;

  private final MasterKey key = new MasterKey(KeyHash.of("first"), () -> 0);

  private boolean isGood(String token) {
    return key.check(PEER, "Bearer " + token) == Check.GOOD;
  }

  /** Replaces the file in one step, as Kubernetes does with a Secret. */
  private void write(Path file, String text) throws Exception {
    Path next = Files.writeString(folder.resolve("next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  @Test
  void anExchangedFileExchangesTheKeyAndWhatIsNoKeyIsRefused() throws Exception {
    Path file = folder.resolve("master-key");
    write(file, "first\n");
    try (var watched = MasterKeyFile.watch(file, key, Duration.ofMillis(20))) {
      assertThat(isGood("first")).isTrue();

      write(file, "second\n");
      await().atMost(LONG).until(() -> isGood("second"));
      assertThat(isGood("first")).isFalse();

      watched.take("no key at all\n");
      watched.take("\n");
      assertThat(isGood("second")).isTrue();

      Files.delete(file);
      write(file, "third");
      await().atMost(LONG).until(() -> isGood("third"));
    }
  }
}
