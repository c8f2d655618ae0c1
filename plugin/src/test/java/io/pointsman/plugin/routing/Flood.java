package io.pointsman.plugin.routing;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.TestTopologies;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.prompt.ParsedRequest;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Decision.Routed;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A program for {@link FloodTest}: reads and routes many unique prompts on two threads, as event
 * loops do, and says what the block map took at most and whether prompts are still followed.
 */
final class Flood implements AutoCloseable {
  static final int BUDGET = 16 << 20;
  static final int FOLLOWED = 100;
  private static final int THREADS = 2;
  private static final int PROMPT_BYTES = 1_024;
  private static final int LOOK_EVERY = 500;
  private static final PrefixSettings DEFAULTS = PrefixSettings.DEFAULTS;

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final PrefixIndex prefixes =
      new PrefixIndex(
          new PrefixSettings(
              DEFAULTS.blockBytes(),
              DEFAULTS.maxPromptBytes(),
              BUDGET,
              DEFAULTS.timeToLive(),
              DEFAULTS.blocksPerEndpoint()),
          registry::pools,
          meters);
  private final Router router =
      new Router(
          registry::pools,
          StrategyCatalog.standard(),
          new RoutingSettings("prefix-cache", Duration.ZERO, false),
          prefixes);
  private final AtomicLong next = new AtomicLong();
  private final AtomicLong mostBytes = new AtomicLong();

  private Flood() {
    registry.apply(TestTopologies.model("m", 8));
  }

  /**
   * Runs the flood.
   *
   * @param args the number of prompts
   */
  public static void main(String[] args) throws InterruptedException {
    try (var flood = new Flood()) {
      long prompts = Long.parseLong(args[0]);
      var threads = new Thread[THREADS];
      for (int i = 0; i < THREADS; i++) {
        threads[i] = new Thread(() -> flood.run(prompts));
        threads[i].start();
      }
      for (Thread thread : threads) {
        thread.join();
      }
      System.out.printf(
          "prompts=%d most=%d evictions=%.0f followed=%d%n",
          flood.prompts(), flood.mostBytes.get(), flood.evictions(), flood.followed(prompts));
    }
  }

  private void run(long prompts) {
    var reader = new RequestReader();
    byte[] body = body();
    for (long number = next.getAndIncrement(); number < prompts; number = next.getAndIncrement()) {
      route(reader, body, number);
      if (number % LOOK_EVERY == 0) {
        long bytes = (long) meters.get("pointsman.blockmap.size").gauge().value();
        mostBytes.accumulateAndGet(bytes, Math::max);
      }
    }
  }

  /** How many of the newest and of some new prompts go where the same prompt went before. */
  private int followed(long prompts) {
    var reader = new RequestReader();
    byte[] body = body();
    int followed = 0;
    for (int i = 0; i < FOLLOWED; i++) {
      String first = route(reader, body, prompts + i);
      // Others in between, so that nothing is followed only because it was the last one.
      route(reader, body, prompts + FOLLOWED + i);
      followed += first.equals(route(reader, body, prompts + i)) ? 1 : 0;
    }
    return followed;
  }

  private String route(RequestReader reader, byte[] body, long number) {
    setNumber(body, number);
    var request = (ParsedRequest) reader.read(Api.COMPLETIONS, null, body, 0, body.length, true);
    var routed = (Routed) router.route(new RouteRequest("m", RouteHeaders.NONE, request));
    routed.reservation().release();
    return routed.reservation().endpoint().name();
  }

  private double evictions() {
    return meters.get("pointsman.blockmap.evictions").functionCounter().count();
  }

  /** Prompts that were placed, by the index's own account. */
  private long prompts() {
    return meters.get("pointsman.prefix.matched.blocks").summary().count();
  }

  private static final String BEGINNING = "{\"model\":\"m\",\"prompt\":\"";
  private static final int DIGITS = 12;

  private static byte[] body() {
    return (BEGINNING + "0".repeat(DIGITS) + "x".repeat(PROMPT_BYTES - DIGITS) + "\"}")
        .getBytes(US_ASCII);
  }

  private static void setNumber(byte[] body, long number) {
    long rest = number;
    for (int i = DIGITS - 1; i >= 0; i--) {
      body[BEGINNING.length() + i] = (byte) ('0' + rest % 10);
      rest /= 10;
    }
  }

  @Override
  public void close() {
    prefixes.close();
    registry.close();
  }
}
