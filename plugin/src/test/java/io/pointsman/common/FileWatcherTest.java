package io.pointsman.common;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.pointsman.common.FileWatcher.Settled;
import io.pointsman.common.FileWatcher.Settled.Look;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FileWatcherTest {
  private static final Duration INTERVAL = Duration.ofMillis(10);

  @TempDir Path folder;
  private final BlockingQueue<String> seen = new LinkedBlockingQueue<>();

  private String next() throws InterruptedException {
    return seen.poll(30, TimeUnit.SECONDS);
  }

  @Test
  void eachNewContentIsToldOnce() throws Exception {
    Path file = Files.writeString(folder.resolve("f"), "one");
    try (var watcher = FileWatcher.start(file, "one", INTERVAL, seen::add)) {
      replace(file, "two");
      assertThat(next()).isEqualTo("two");
      replace(file, "two");
      replace(file, "three");
      assertThat(next()).isEqualTo("three");
    }
    assertThat(seen).isEmpty();
  }

  @Test
  void aSymlinkSwappedAsKubernetesDoesItIsSeen() throws Exception {
    Path oldData = Files.createDirectory(folder.resolve("..2026_1"));
    Files.writeString(oldData.resolve("f"), "old");
    Path newData = Files.createDirectory(folder.resolve("..2026_2"));
    Files.writeString(newData.resolve("f"), "new");
    Path data = Files.createSymbolicLink(folder.resolve("..data"), oldData.getFileName());
    Path file = Files.createSymbolicLink(folder.resolve("f"), Path.of("..data/f"));
    try (var watcher = FileWatcher.start(file, "old", INTERVAL, seen::add)) {
      Path swap = Files.createSymbolicLink(folder.resolve("..swap"), newData.getFileName());
      Files.move(swap, data, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      assertThat(next()).isEqualTo("new");
    }
  }

  @Test
  void aFileThatIsGoneKeepsTheLastContentAndIsReadWhenItIsBack() throws Exception {
    Path file = Files.writeString(folder.resolve("f"), "one");
    try (var watcher = FileWatcher.start(file, "one", INTERVAL, seen::add)) {
      Files.delete(file);
      assertThatThrownBy(() -> FileWatcher.read(file)).hasMessage(file + ": there is no such file");
      replace(file, "back");
      assertThat(next()).isEqualTo("back");
    }
  }

  @Test
  void aFileThatCannotBeReadIsNamedWithTheReasonAndWithoutALine() throws Exception {
    assertThatThrownBy(() -> FileWatcher.read(folder))
        .isInstanceOf(ConfigException.class)
        .hasMessage(folder + ": cannot read the file: Is a directory");
    Path binary = Files.write(folder.resolve("b"), new byte[] {(byte) 0xff});
    assertThatThrownBy(() -> FileWatcher.read(binary))
        .isInstanceOf(ConfigException.class)
        .hasMessage(binary + ": the file is not UTF-8 text");
  }

  @Test
  void contentIsNewWhenTwoLooksInARowAgree() {
    var settled = new Settled("one");

    assertThat(List.of("one", "t", "tw", "two", "two", "two", "x", "two", "x", "x"))
        .extracting(settled::look)
        .containsExactly(
            Look.KNOWN,
            Look.MOVING,
            Look.MOVING,
            Look.MOVING,
            Look.NEW,
            Look.KNOWN,
            Look.MOVING,
            Look.KNOWN,
            Look.MOVING,
            Look.NEW);
  }

  @Test
  void whetherTheFileCanBeReadIsKnown() throws Exception {
    Path file = Files.writeString(folder.resolve("f"), "one");
    try (var watcher = FileWatcher.start(file, "one", INTERVAL, seen::add)) {
      assertThat(watcher.isReadable()).isTrue();
      Files.delete(file);
      await().until(() -> !watcher.isReadable());
      replace(file, "one");
      await().until(watcher::isReadable);
    }
    assertThat(seen).isEmpty();
  }

  @Test
  void aListenerThatThrowsDoesNotEndTheWatch() throws Exception {
    Path file = Files.writeString(folder.resolve("f"), "one");
    try (var watcher =
        FileWatcher.start(
            file,
            "one",
            INTERVAL,
            content -> {
              seen.add(content);
              if (content.equals("bad")) {
                throw new IllegalStateException("refused by the test");
              }
            })) {
      replace(file, "bad");
      assertThat(next()).isEqualTo("bad");
      replace(file, "good");
      assertThat(next()).isEqualTo("good");
    }
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    Path file = Files.write(folder.resolve("f"), new byte[] {(byte) 0xc3, 0x28});
    assertThatThrownBy(() -> FileWatcher.read(file)).hasMessageEndingWith("not UTF-8 text");
  }

  private void replace(Path file, String content) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), content);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }
}
