package io.pointsman.e2e.harness;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StackFolderTest {
  @TempDir private Path parent;

  @Test
  void aSecondStackOfTheNameLeavesTheFolderOfTheFirstAlone() throws Exception {
    try (var first = StackFolder.claim(parent, "demo")) {
      assertThat(first.path()).isEqualTo(parent.resolve("demo"));
      Path settings = Files.writeString(first.path().resolve("settings.yaml"), "x");
      try (var second = StackFolder.claim(parent, "demo")) {
        assertThat(second.path()).isEqualTo(parent.resolve("demo-2")).isEmptyDirectory();
        assertThat(settings).hasContent("x");
      }
      try (var third = StackFolder.claim(parent, "demo")) {
        assertThat(third.path()).isEqualTo(parent.resolve("demo-2"));
      }
      assertThat(settings).hasContent("x");
    }
  }

  @Test
  void aFolderThatNobodyRunsInIsEmptiedAndTakenAgain() throws Exception {
    try (var first = StackFolder.claim(parent, "demo")) {
      Files.createDirectories(first.path().resolve("redis"));
      Files.writeString(first.path().resolve("redis/log"), "x");
    }
    assertThat(parent.resolve("demo/redis/log")).exists();
    try (var next = StackFolder.claim(parent, "demo")) {
      assertThat(next.path()).isEqualTo(parent.resolve("demo")).isEmptyDirectory();
    }
  }
}
