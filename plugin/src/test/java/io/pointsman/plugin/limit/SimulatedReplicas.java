package io.pointsman.plugin.limit;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;
import redis.clients.jedis.exceptions.JedisConnectionException;

/**
 * Several replicas on one simulated clock. The script runs in a real Redis, which reads the
 * simulated clock; what goes to it and comes back can be lost, late or slow, by a seed.
 */
final class SimulatedReplicas implements AutoCloseable {
  private static final String TIME = "redis.call('HMGET', 'clock', 's', 'us')";
  private static final long MS = 1_000_000;

  /** How exactly requests stop to wait. */
  private static final long STEP_NANOS = MS / 2;

  /** By Redis' clock; where replicas think to be is theirs to find out. */
  private static final long BEGIN_MS = 1_700_000_000_000L;

  private static final int SLOWEST_MS = 2_500;

  private static final Counted NOTHING = new Counted(0, 0, 0);

  /** Probabilities of what can happen to a message. */
  record Faults(double lost, double replyLost, double late, double slow) {
    static final Faults NONE = new Faults(0, 0, 0);

    Faults(double lost, double replyLost, double late) {
      this(lost, replyLost, late, 0);
    }
  }

  /**
   * What was admitted in a window.
   *
   * @param clock how often Redis' clock had been set
   */
  record Counted(int clock, long window, int amount) {}

  /** What a request needs of one limit. */
  record Charge(Limit limit, long most, long amount) {}

  final Random random;
  final List<Replica> replicas = new ArrayList<>();
  private final RedisProcess redis = new RedisProcess();
  private final RedisMonitor monitor;
  private final Map<Limit, Map<Long, Integer>> admitted = new EnumMap<>(Limit.class);
  private final Map<Limit, List<Counted>> counted = new EnumMap<>(Limit.class);
  private long nanos = 5_000_000 * MS;
  private Faults faults = Faults.NONE;
  private boolean down;
  private int made;
  private long redisClockMs = BEGIN_MS;
  private int clocks;

  /** What comes in each millisecond in which an answer is on its way for long. */
  Runnable load = () -> {};

  int exchanges;
  int waits;

  /** Requests that are not decided. */
  int undecided;

  /** The longest that a request waited. */
  long longestWaitNanos;

  SimulatedReplicas(long seed) throws Exception {
    random = new Random(seed);
    redis.start();
    monitor =
        RedisMonitor.start(
            new RedisTarget("127.0.0.1", redis.port(), null, null, 0, false),
            new SimpleMeterRegistry());
    Awaitility.await().until(monitor::isUp);
  }

  /** One replica, with clocks of its own: one that drifts, and one that is just wrong. */
  final class Replica implements LeaseStore {
    final Budgets budgets;
    private final RedisLeases real = new RedisLeases(monitor, "sim/x", LeaseScript.text(TIME));
    private final long offset = random.nextLong(1L << 50);
    private final double rate = 1 + (random.nextDouble() - 0.5) * 4e-4;
    final String name = "r" + ++made;
    private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
    private final List<Runnable> late = new ArrayList<>();
    boolean dead;
    boolean cutOff;

    /** How long the next answer is on its way, beside what is usual. */
    long answerTakesMs;

    private boolean waiting;

    /** Happens once while a question is on its way to Redis. */
    @Nullable Runnable meanwhile;

    Replica(LimitSettings settings) {
      long wrongBy = random.nextLong(1L << 40);
      budgets =
          new Budgets(
              settings,
              this,
              name,
              meters,
              new DirectExecutor(),
              this::clock,
              () -> redisMs() + wrongBy);
    }

    private long clock() {
      return offset + (long) (nanos * rate);
    }

    @Override
    public List<?> exchange(List<String> counters, List<String> arguments) {
      exchanges++;
      pass(100 + random.nextInt(400));
      Runnable event = meanwhile;
      meanwhile = null;
      if (event != null) {
        event.run();
      }
      if (down || cutOff || random.nextDouble() < faults.lost()) {
        pass(1_000);
        throw new JedisConnectionException("lost");
      }
      if (random.nextDouble() < faults.late()) {
        late.add(() -> run(counters, arguments));
        pass(50_000);
        throw new JedisConnectionException("late");
      }
      if (random.nextDouble() < 0.5) {
        deliverLate();
      }
      List<?> reply = run(counters, arguments);
      pass(100 + random.nextInt(400));
      if (faults.slow() > 0 && random.nextDouble() < faults.slow()) {
        answerTakesMs = random.nextInt(SLOWEST_MS);
      }
      waiting = true;
      long until = nowMs() + answerTakesMs;
      answerTakesMs = 0;
      while (nowMs() < until) {
        // Another's answer may take long meanwhile, and end before this one goes on.
        step(1_000);
        load.run();
      }
      waiting = false;
      if (random.nextDouble() < faults.replyLost()) {
        throw new JedisConnectionException("reply lost");
      }
      return reply;
    }

    private void deliverLate() {
      late.forEach(Runnable::run);
      late.clear();
    }

    double disagreements(Limit limit) {
      return meters
          .get("pointsman.limit.disagreements")
          .tag("limit", limit.label())
          .counter()
          .count();
    }

    private List<?> run(List<String> counters, List<String> arguments) {
      long micros = redisMs() * 1_000 + nanos / 1_000 % 1_000;
      monitor.run(
          "clock",
          client ->
              client.hset(
                  "clock",
                  Map.of(
                      "s", Long.toString(micros / 1_000_000),
                      "us", Long.toString(micros % 1_000_000))));
      return real.exchange(counters, arguments);
    }

    @Override
    public void leave(String replica) {
      real.leave(replica);
    }

    /** Sends one request, which is counted if it is admitted, now or when its lease comes. */
    Request request(Charge... charges) {
      return new Request(budgets.admission(), List.of(charges));
    }

    void tick() {
      if (!dead && !waiting) {
        budgets.tick();
        late.removeIf(
            message -> {
              boolean now = !down && !cutOff && random.nextInt(200) == 0;
              if (now) {
                message.run();
              }
              return now;
            });
      }
    }
  }

  /** One request. */
  final class Request {
    final Admission admission;
    private final List<Charge> charges;
    private final long began = nanos;

    /** Null while it waits. */
    @Nullable Verdict verdict;

    Request(Admission admission, List<Charge> charges) {
      this.admission = admission;
      this.charges = charges;
      for (Charge charge : charges) {
        admission.need(charge.limit(), "m", "n", charge.most(), charge.amount());
      }
      undecided++;
      Verdict known = admission.begin();
      if (known == null) {
        waits++;
        var unused = admission.later().thenAccept(this::decided);
      } else {
        decided(known);
      }
    }

    private void decided(Verdict known) {
      verdict = known;
      undecided--;
      longestWaitNanos = Math.max(longestWaitNanos, nanos - began);
      if (known instanceof Verdict.Admitted) {
        charges.forEach(charge -> countAdmitted(charge.limit(), (int) charge.amount()));
      }
    }

    boolean isAdmitted() {
      return verdict instanceof Verdict.Admitted;
    }

    boolean isRefused() {
      return verdict instanceof Verdict.Refused;
    }
  }

  private void countAdmitted(Limit limit, int amount) {
    if (limit.isInFlight()) {
      return;
    }
    long window = Math.floorDiv(redisMs(), limit.windowMs());
    List<Counted> all = counted.computeIfAbsent(limit, added -> new ArrayList<>());
    Counted last = all.isEmpty() ? NOTHING : all.get(all.size() - 1);
    if (last.window() == window && last.clock() == clocks) {
      all.set(all.size() - 1, new Counted(clocks, window, last.amount() + amount));
    } else {
      all.add(new Counted(clocks, window, amount));
    }
    admitted(limit).merge(Math.floorDiv(redisMs(), limit.windowMs()), amount, Integer::sum);
  }

  Replica add(LimitSettings settings) {
    var replica = new Replica(settings);
    replicas.add(replica);
    return replica;
  }

  /** One replica stops as it should. */
  void leave(Replica replica) {
    replicas.remove(replica);
    replica.leave(replica.name);
  }

  /** Sets Redis' clock. */
  void setClock(long byMs) {
    redisClockMs += byMs;
    clocks++;
  }

  void faults(Faults newFaults) {
    faults = newFaults;
  }

  void down(boolean isDown) {
    down = isDown;
  }

  /** Redis comes back without its data. */
  void empty() {
    monitor.run("flush", client -> client.flushAll());
  }

  long redisMs() {
    return redisClockMs + nanos / MS;
  }

  long nowMs() {
    return nanos / MS;
  }

  /** Lets time pass, in which requests stop to wait. */
  void pass(long micros) {
    long end = nanos + micros * 1_000;
    while (nanos < end) {
      nanos = Math.min(end, nanos + STEP_NANOS);
      for (Replica replica : replicas) {
        replica.budgets.expireNow();
      }
    }
  }

  /** Lets much time pass in which nobody does anything. */
  void skip(long ms) {
    nanos += ms * MS;
  }

  /** Lets a step of time pass, in which each living replica does what is due. */
  void step(long micros) {
    pass(micros);
    replicas.forEach(Replica::tick);
  }

  /** Requests that were admitted in each window, by Redis' clock. */
  Map<Long, Integer> admitted(Limit limit) {
    return admitted.computeIfAbsent(limit, added -> new TreeMap<>());
  }

  /** The same in the order of their time, however Redis' clock was set. */
  List<Counted> counted(Limit limit) {
    return List.copyOf(counted.getOrDefault(limit, List.of()));
  }

  void forget() {
    admitted.clear();
    counted.clear();
  }

  @Override
  public void close() throws Exception {
    replicas.forEach(replica -> replica.budgets.close());
    monitor.close();
    redis.close();
  }
}
