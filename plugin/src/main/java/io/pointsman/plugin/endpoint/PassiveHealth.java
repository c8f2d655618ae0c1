package io.pointsman.plugin.endpoint;

import io.pointsman.plugin.endpoint.EndpointHealth.Phase;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.Collection;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides from what requests met which endpoints are set aside and when they come back.
 *
 * <p>An endpoint that fails several times in a row is set aside for a time that doubles with each
 * repetition. Then it is in probation: it gets single trial requests. Answers in a row make it
 * ready, one failure sets it aside for longer. Whatever happens, no more than a fraction of a
 * model's ready endpoints of one role is out of the candidates: if many fail at once, the fault is
 * likely elsewhere, and load on the few that are left would break them too. Prefill and decode pods
 * are counted apart, since neither can stand in for the other.
 *
 * <p>Not thread-safe: belongs to the registry's thread.
 */
final class PassiveHealth {
  private static final List<Role> ROLES = List.of(Role.values());
  private static final Logger log = LoggerFactory.getLogger(PassiveHealth.class);

  private final HealthSettings settings;
  private final LongSupplier clock;
  private final RandomGenerator random;

  /**
   * @param clock nanoseconds, as {@link System#nanoTime}
   * @param random for the jitter
   */
  PassiveHealth(HealthSettings settings, LongSupplier clock, RandomGenerator random) {
    this.settings = settings;
    this.clock = clock;
    this.random = random;
  }

  EndpointHealth newHealth(PoolMeters meters) {
    return new EndpointHealth(settings.trialGap().toNanos(), meters, clock.getAsLong());
  }

  /** An endpoint came back after discovery had dropped it: what was known of it is void. */
  void forget(Endpoint endpoint) {
    endpoint.health().reset(clock.getAsLong());
  }

  /**
   * Looks at an endpoint that had an outcome which may matter.
   *
   * @param pool every known endpoint of the same model
   * @return true if its phase changed
   */
  boolean judge(Endpoint endpoint, Collection<Endpoint> pool) {
    EndpointHealth health = endpoint.health();
    health.clearSignal();
    return switch (health.phase()) {
      case READY ->
          health.failures() >= settings.consecutiveFailures()
              && hasRoom(endpoint, pool)
              && setAside(endpoint, "failures in a row");
      case PROBATION -> judgeProbation(endpoint, health);
      case SET_ASIDE -> false;
    };
  }

  private boolean judgeProbation(Endpoint endpoint, EndpointHealth health) {
    if (health.trialFailed()) {
      return setAside(endpoint, "failed in probation");
    }
    return health.successes() >= settings.probationSuccesses()
        && bringBack(endpoint, "passed probation");
  }

  /**
   * Begins what is due and brings endpoints back where too many are out, those first that would be
   * tried soonest.
   *
   * @param pool every known endpoint of one model
   * @return true if the phase of any changed
   */
  boolean advance(Collection<Endpoint> pool) {
    boolean changed = false;
    long now = clock.getAsLong();
    for (Endpoint endpoint : pool) {
      EndpointHealth health = endpoint.health();
      if (health.phase() == Phase.SET_ASIDE && now - health.dueAt() >= 0) {
        health.beginProbation(now);
        changed = true;
      }
    }
    for (Role role : ROLES) {
      for (int excess = out(pool, role) - allowedOut(pool, role); excess > 0; excess--) {
        Endpoint soonest = soonest(pool, role);
        if (soonest == null) {
          break;
        }
        changed |= bringBack(soonest, "too many are set aside");
      }
    }
    return changed;
  }

  /** Nanoseconds from now until {@link #advance} has work, or -1 if nothing is to come. */
  long untilNextDue(Collection<Endpoint> pool) {
    long now = clock.getAsLong();
    long next = -1;
    for (Endpoint endpoint : pool) {
      EndpointHealth health = endpoint.health();
      if (health.phase() == Phase.SET_ASIDE) {
        long wait = Math.max(0, health.dueAt() - now);
        next = next < 0 ? wait : Math.min(next, wait);
      }
    }
    return next;
  }

  private boolean hasRoom(Endpoint endpoint, Collection<Endpoint> pool) {
    // One that discovery calls not ready is no candidate anyway.
    Role role = endpoint.role();
    return !endpoint.isReady() || out(pool, role) < allowedOut(pool, role);
  }

  private static int out(Collection<Endpoint> pool, Role role) {
    int count = 0;
    for (Endpoint endpoint : pool) {
      if (isCounted(endpoint, role) && endpoint.health().phase() != Phase.READY) {
        count++;
      }
    }
    return count;
  }

  private int allowedOut(Collection<Endpoint> pool, Role role) {
    int ready = 0;
    for (Endpoint endpoint : pool) {
      if (isCounted(endpoint, role)) {
        ready++;
      }
    }
    return (int) (ready * settings.maxSetAsideFraction());
  }

  private static boolean isCounted(Endpoint endpoint, Role role) {
    return endpoint.role() == role && endpoint.isReady();
  }

  private static @Nullable Endpoint soonest(Collection<Endpoint> pool, Role role) {
    Endpoint soonest = null;
    for (Endpoint endpoint : pool) {
      if (isCounted(endpoint, role)
          && endpoint.health().phase() != Phase.READY
          && (soonest == null || endpoint.health().dueAt() - soonest.health().dueAt() < 0)) {
        soonest = endpoint;
      }
    }
    return soonest;
  }

  private boolean setAside(Endpoint endpoint, String reason) {
    EndpointHealth health = endpoint.health();
    long now = clock.getAsLong();
    boolean longReady =
        health.phase() == Phase.READY
            && now - health.readySince() >= settings.forgetAfter().toNanos();
    int before = longReady ? 0 : health.timesSetAside();
    long nanos = duration(before);
    health.setAside(before + 1, now + nanos);
    health.meters().setAside();
    log.warn(
        "endpoint set aside model={} endpoint={} address={} reason=\"{}\" failures={} times={}"
            + " for_ms={}",
        endpoint.model(),
        endpoint.name(),
        endpoint.address(),
        reason,
        health.failures(),
        before + 1,
        nanos / 1_000_000);
    return true;
  }

  private long duration(int timesBefore) {
    long nanos = settings.baseTime().toNanos();
    long longest = settings.maxTime().toNanos();
    for (int i = 0; i < timesBefore && nanos < longest; i++) {
      nanos *= 2;
    }
    return (long) (Math.min(nanos, longest) * (1 - settings.jitter() * random.nextDouble()));
  }

  private boolean bringBack(Endpoint endpoint, String reason) {
    endpoint.health().becomeReady(clock.getAsLong());
    log.info(
        "endpoint takes requests again model={} endpoint={} address={} reason=\"{}\"",
        endpoint.model(),
        endpoint.name(),
        endpoint.address(),
        reason);
    return true;
  }
}
