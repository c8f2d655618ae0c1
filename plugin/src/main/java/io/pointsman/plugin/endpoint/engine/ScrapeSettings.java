package io.pointsman.plugin.endpoint.engine;

import java.time.Duration;

/**
 * How metrics pages are read.
 *
 * @param interval time between two looks at one engine; zero: never look
 * @param jitter each interval is changed at random by up to this part, 0 to 0.5
 * @param timeout how long one look may take
 * @param freshness how long what was read is good
 * @param concurrency looks under way at once
 * @param maxBytes longest page that is read
 */
public record ScrapeSettings(
    Duration interval,
    double jitter,
    Duration timeout,
    Duration freshness,
    int concurrency,
    int maxBytes) {

  /** What applies where nothing is set. */
  public static final ScrapeSettings DEFAULTS =
      new ScrapeSettings(
          Duration.ofSeconds(1), 0.2, Duration.ofSeconds(2), Duration.ofSeconds(5), 32, 1 << 20);
}
