package io.pointsman.common;

import java.time.Duration;

/** Bounds of histograms, the same wherever the same thing is measured. */
public final class LatencyBuckets {
  private LatencyBuckets() {}

  /** For what model servers take: from a prompt that was cached to one that waited in a queue. */
  public static Duration[] ofModelServers() {
    return new Duration[] {
      Duration.ofMillis(10),
      Duration.ofMillis(25),
      Duration.ofMillis(50),
      Duration.ofMillis(100),
      Duration.ofMillis(250),
      Duration.ofMillis(500),
      Duration.ofSeconds(1),
      Duration.ofMillis(2500),
      Duration.ofSeconds(5),
      Duration.ofSeconds(10),
      Duration.ofSeconds(30),
      Duration.ofSeconds(60)
    };
  }
}
