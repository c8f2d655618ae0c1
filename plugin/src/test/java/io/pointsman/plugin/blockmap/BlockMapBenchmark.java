package io.pointsman.plugin.blockmap;

import io.pointsman.plugin.endpoint.EndpointKey;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Group;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;

/**
 * What look-ups in a full block map cost, beside the yardsticks {@link PlainBlockMap} and {@link
 * ArrayBlockMap} in the same run. Every look-up is for another prompt than the one before, so
 * caches help no more than they would in service. Run the main method; see the medians, which other
 * load on the machine moves least.
 */
@BenchmarkMode(Mode.SampleTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-Xms6g", "-Xmx6g", "-XX:+UseSerialGC"})
public class BlockMapBenchmark {
  /** The sizes that the targets name. */
  public enum Size {
    SMALL(8, 1_000_000),
    LARGE(1_000, 10_000_000);

    private final int endpoints;
    private final int pairs;

    Size(int endpoints, int pairs) {
      this.endpoints = endpoints;
      this.pairs = pairs;
    }

    int endpoints() {
      return endpoints;
    }
  }

  /** What is measured. */
  public enum Kind {
    BLOCK_MAP,
    PLAIN,
    ARRAYS
  }

  /** The filled map. */
  @State(Scope.Benchmark)
  public static class Filled {
    private static final long BUDGET = 256L << 20;

    @Param public Size size = Size.SMALL;

    /** 128 blocks of 128 bytes are 16 KB. */
    @Param("128")
    public int blocks;

    /** How many of them are a system prompt that all endpoints hold. */
    @Param("16")
    public int shared;

    @Param public Kind kind = Kind.BLOCK_MAP;

    private final EndpointSlots slots = new EndpointSlots(Integer.MAX_VALUE);
    private final BlockMap map = new BlockMap(BUDGET, slots);
    private Yardstick yardstick = new PlainBlockMap();
    private PoolSlots pool = new PoolSlots(new int[0]);
    private long[][] asked = {};

    /** Fills the map and makes up what is asked of it. */
    @Setup
    public void setUp() {
      fillMap();
      var prompts = prompts();
      var random = new SplittableRandom(1);
      asked = new long[Math.min(prompts.count(), 16_384)][];
      for (int i = 0; i < asked.length; i++) {
        asked[i] = prompts.keys(random.nextInt(prompts.count()));
      }
    }

    private Prompts prompts() {
      return new Prompts(size.endpoints, size.pairs, shared, blocks);
    }

    /** Returns the number of pairs that were recorded. */
    long fillMap() {
      yardstick = kind == Kind.ARRAYS ? new ArrayBlockMap() : new PlainBlockMap();
      int[] numbers =
          IntStream.range(0, size.endpoints)
              .map(i -> slots.assign(new EndpointSlots.Id("m", new EndpointKey("pod-" + i, 1), "")))
              .toArray();
      pool = new PoolSlots(numbers);
      long[] news = new long[blocks];
      var pairs = new AtomicLong();
      prompts()
          .recordAll(
              (keys, endpoint) -> {
                int slot = numbers[endpoint];
                pairs.addAndGet(
                    kind == Kind.BLOCK_MAP
                        ? map.record(keys, keys.length, slot, news)
                        : yardstick.record(keys, keys.length, slot, 1));
              });
      return pairs.get();
    }
  }

  /** One thread that looks up. */
  @State(Scope.Thread)
  public static class Reader {
    private final MatchScratch scratch = new MatchScratch();
    private int[] lengths = {};
    private int next;

    @Setup
    public void size(Filled filled) {
      lengths = new int[filled.size.endpoints + 1];
    }

    int match(Filled filled) {
      next = (next + 1) % filled.asked.length;
      long[] keys = filled.asked[next];
      return filled.kind == Kind.BLOCK_MAP
          ? filled.map.match(keys, keys.length, filled.pool, scratch)
          : filled.yardstick.match(keys, keys.length, 0, lengths);
    }
  }

  /**
   * One thread that records prompts nobody has seen, as fast as it can. What it has recorded some
   * time ago it takes back, so that the map stays as large as it is without it.
   */
  @State(Scope.Thread)
  public static class Writer {
    private static final int KEPT = 64;

    private final SplittableRandom random = new SplittableRandom(2);
    private final long[][] keys = new long[KEPT][128];
    private final int[] slot = new int[KEPT];
    private final long[] news = new long[128];
    private int next;

    int record(Filled filled) {
      next = (next + 1) % KEPT;
      long[] prompt = keys[next];
      filled.map.takeBack(prompt, prompt.length, slot[next], news);
      for (int i = 0; i < prompt.length; i++) {
        prompt[i] = random.nextLong();
      }
      slot[next] = 1 + random.nextInt(filled.size.endpoints);
      return filled.map.record(prompt, prompt.length, slot[next], news);
    }
  }

  @Benchmark
  public int lookUp(Filled filled, Reader reader) {
    return reader.match(filled);
  }

  @Benchmark
  @Group("busy")
  public int lookUpWhileInserting(Filled filled, Reader reader) {
    return reader.match(filled);
  }

  @Benchmark
  @Group("busy")
  public int insert(Filled filled, Writer writer) {
    return writer.record(filled);
  }

  /** Runs all of it; prints the medians and others in tables of JMH's. */
  public static void main(String[] args) throws RunnerException {
    var lookUp = BlockMapBenchmark.class.getSimpleName() + ".lookUp$";
    var all = Stream.of(Kind.values()).map(Kind::name).toArray(String[]::new);
    run(new OptionsBuilder().include(lookUp).param("kind", all).param("shared", "0", "16"));
    var ours = Kind.BLOCK_MAP.name();
    run(
        new OptionsBuilder()
            .include(lookUp)
            .param("kind", ours)
            .param("size", Size.SMALL.name())
            .param("blocks", "32", "64", "256", "512"));
    run(
        new OptionsBuilder()
            .include(BlockMapBenchmark.class.getSimpleName() + ".busy")
            .param("kind", ours));
  }

  private static void run(ChainedOptionsBuilder options) throws RunnerException {
    new Runner(options.addProfiler(GCProfiler.class).build()).run();
  }
}
