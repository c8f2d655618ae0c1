package io.pointsman.plugin.endpoint.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ManyPodsTest {
  /** What is promised. {@link ManyPodsBenchmark} tells the figure, which is far below. */
  @Test
  void tenThousandPodsHoldNoMoreThan50MegabytesOfHeap() {
    try (var pods = new ManyPodsBenchmark()) {
      assertThat(pods.retainedBytes(10_000)).isLessThan(50_000_000);
    }
  }
}
