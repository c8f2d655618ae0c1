package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.pointsman.xds.settings.Settings;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The thread that keeps the policies: it takes steps when settings have changed, when the API
 * server tells of a change, and every now and then. What fails, and what others change again and
 * again, it tries with growing pauses. Thread-safe.
 */
final class Reconciler implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Reconciler.class);

  /** A change that nobody told of is found after this time. */
  private static final Duration RESYNC = Duration.ofSeconds(30);

  /** Envoy Gateway's verdict is looked for so often, should the watch not tell of it. */
  private static final Duration POLL = Duration.ofSeconds(1);

  private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(30);

  /** What is being asked of the API server may not be waited for longer at the end. */
  private static final Duration LONGEST_END = Duration.ofSeconds(2);

  /** Somebody who let so much time pass between two changes does not fight with us. */
  private static final long PEACE_NANOS = Duration.ofMinutes(1).toNanos();

  private final Keeper keeper;
  private final EndpointKeeper endpoints;
  private final Reporter reporter;
  private final PolicyMetrics metrics;
  private final BooleanSupplier mayAct;
  private final Backoff failures = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  private final Backoff repairs = new Backoff(FIRST_PAUSE, LONGEST_PAUSE);
  private final Thread thread;

  /** Guarded by this, like the next four. */
  private Settings settings;

  private long readNanos;
  private boolean changed = true;
  private boolean told;
  private boolean closed;

  private volatile List<PolicyState> states = List.of();
  private volatile @Nullable String problem;
  private volatile long silentSince;

  /** For the thread alone, like the next: whether settings wait to be applied. */
  private boolean pending;

  private long repairedNanos;

  /**
   * @param mayAct whether this replica is the one that works; may ask the API server
   */
  Reconciler(
      Settings settings,
      Keeper keeper,
      EndpointKeeper endpoints,
      Reporter reporter,
      PolicyMetrics metrics,
      BooleanSupplier mayAct) {
    this.settings = settings;
    this.readNanos = System.nanoTime();
    this.keeper = keeper;
    this.endpoints = endpoints;
    this.reporter = reporter;
    this.metrics = metrics;
    this.mayAct = mayAct;
    thread = new Thread(this::run, "policies");
    thread.setDaemon(true);
  }

  void start() {
    thread.start();
  }

  /** Other settings are to be in force. */
  synchronized void publish(Settings next, long nanos) {
    settings = next;
    readNanos = nanos;
    wake();
  }

  /** Something that counts has changed: settings, or who leads. No pause is waited for. */
  synchronized void wake() {
    changed = true;
    notifyAll();
  }

  /** The API server has told of something. */
  synchronized void tell() {
    told = true;
    notifyAll();
  }

  /** What is known of the policies. */
  List<PolicyState> states() {
    return states;
  }

  /** What keeps the policies from being looked after, or null. */
  @Nullable String problem() {
    return problem;
  }

  /** How long the API server has not answered or refused; zero while it does. */
  Duration silence() {
    long since = silentSince;
    return since == 0 ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - since);
  }

  private void run() {
    Duration patience = RESYNC;
    boolean listen = true;
    try {
      while (await(patience, listen)) {
        Outcome outcome = look();
        patience = outcome.pause;
        listen = outcome.listen;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** How long to wait, and whether news from the API server end the wait. */
  private record Outcome(Duration pause, boolean listen) {}

  /** Waits for work; false at the end. */
  private synchronized boolean await(Duration patience, boolean listen)
      throws InterruptedException {
    long end = System.nanoTime() + patience.toNanos();
    while (!closed && !changed && !(listen && told)) {
      long left = end - System.nanoTime();
      if (left <= 0) {
        break;
      }
      wait(left / 1_000_000 + 1);
    }
    told = false;
    return !closed;
  }

  private Outcome look() {
    Settings current;
    long since;
    boolean fresh;
    synchronized (this) {
      current = settings;
      since = readNanos;
      fresh = changed;
      changed = false;
    }
    if (fresh) {
      failures.reset();
    }
    try {
      if (!mayAct.getAsBoolean()) {
        states = List.of();
        metrics.show(states);
        return new Outcome(RESYNC, false);
      }
      Keeper.Step step = keeper.step(current);
      Outcome outcome = after(step, fresh || pending, since);
      endpoints.step(current);
      return outcome;
    } catch (KubernetesClientException e) {
      pending |= fresh;
      return failed(e);
    } catch (RuntimeException e) {
      pending |= fresh;
      // Whatever it is, the policies must not be left alone for ever.
      if (!isClosed()) {
        log.error("the policies could not be looked after, which is a bug", e);
      }
      return failed(e);
    }
  }

  private Outcome after(Keeper.Step step, boolean fresh, long since) {
    silentSince = 0;
    problem = step.refused() ? "refuses a policy" : null;
    states = step.states();
    reporter.report(states);
    boolean waits = step.states().stream().anyMatch(PolicyState::waits);
    pending = fresh && (waits || step.refused());
    if (fresh && !pending) {
      metrics.tookOver(System.nanoTime() - since);
    }
    if (step.refused()) {
      metrics.failed();
      return new Outcome(failures.next(), false);
    }
    failures.reset();
    return new Outcome(repairPause(step), !step.repaired());
  }

  private Duration repairPause(Keeper.Step step) {
    if (!step.repaired()) {
      return step.settled() ? RESYNC : POLL;
    }
    long now = System.nanoTime();
    if (now - repairedNanos > PEACE_NANOS) {
      repairs.reset();
    }
    repairedNanos = now;
    return repairs.next();
  }

  private Outcome failed(RuntimeException e) {
    if (isClosed()) {
      return new Outcome(RESYNC, false);
    }
    metrics.failed();
    if (silentSince == 0) {
      silentSince = System.nanoTime();
    }
    Duration pause = failures.next();
    String reason = Failures.reason(e);
    if (!reason.equals(problem)) {
      log.warn(
          "policies cannot be looked after, which is tried again: pauseMs={} reason=\"{}\"",
          pause.toMillis(),
          reason);
    }
    problem = reason;
    return new Outcome(pause, false);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    thread.interrupt();
    try {
      thread.join(LONGEST_END.toMillis());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
