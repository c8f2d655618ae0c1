package io.pointsman.plugin.limit;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What one request is charged: asked for limit by limit, each at its counter, and given back if a
 * later one is refused or the request is never sent. Made by {@link Budgets#admission}; {@link
 * #need} first, then {@link #begin} once, then {@link #refund} or {@link #end}. Thread-safe.
 */
public final class Admission {
  /** The longest that a request waits for leases, all of them together. */
  static final long WAIT_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

  private static final Verdict.Admitted ADMITTED = new Verdict.Admitted();

  /** One limit of the request. */
  private static final class Need {
    private Counter counter;
    private final long amount;
    private @Nullable Lease lease;

    Need(Counter counter, long amount) {
      this.counter = counter;
      this.amount = amount;
    }

    Limit limit() {
      return counter.key().limit();
    }
  }

  /**
   * How a budget stands.
   *
   * @param most what a window allows
   * @param remaining what is left of it, as far as this replica knows
   * @param resetMs milliseconds until the window ends
   */
  public record Standing(long most, long remaining, long resetMs) {}

  private final Budgets budgets;
  private final List<Need> needs = new ArrayList<>(4);
  private int next;
  private long deadlineNanos;
  private boolean over;
  private @Nullable Verdict verdict;
  private @Nullable CompletableFuture<Verdict> later;

  Admission(Budgets budgets) {
    this.budgets = budgets;
  }

  /**
   * Adds a limit.
   *
   * @param owner the model, or the kind of caller
   * @param name the profile, or the caller's id
   * @param most what the limit allows in its window, or at once; 0 is no limit
   * @param amount what the request takes of it; no more than it allows is charged
   */
  public Admission need(Limit limit, String owner, String name, long most, long amount) {
    if (most > 0) {
      Counter counter = budgets.counter(new CounterKey(limit, owner, name), most);
      needs.add(new Need(counter, Math.min(amount, most)));
    }
    return this;
  }

  /** True if no limit applies. */
  public boolean isEmpty() {
    return needs.isEmpty();
  }

  /**
   * Charges the request.
   *
   * @return the verdict, or null if it has to wait for a lease: see {@link #later}
   */
  public synchronized @Nullable Verdict begin() {
    long now = budgets.nanos();
    deadlineNanos = now + WAIT_NANOS;
    advance(now);
    return verdict;
  }

  /**
   * The verdict of a request that waits. Completed on a thread of the budgets' own. To cancel it is
   * to {@link #refund}.
   */
  public synchronized CompletableFuture<Verdict> later() {
    var future = new CompletableFuture<Verdict>();
    if (verdict != null) {
      future.complete(verdict);
      return future;
    }
    later = future;
    var unused =
        future.whenComplete(
            (value, failure) -> {
              if (failure != null) {
                refund();
              }
            });
    return future;
  }

  /** Charges what is still to be charged, until something has to be waited for. */
  private void advance(long startNanos) {
    long now = startNanos;
    boolean again = false;
    while (next < needs.size()) {
      Need need = needs.get(next);
      Lease lease = need.counter.take(need.amount, now);
      if (lease != null) {
        need.lease = lease;
        next++;
        again = false;
        continue;
      }
      // Each time that nothing is there again, others have got it: only time bounds that.
      Outcome outcome =
          again && now - deadlineNanos >= 0
              ? Outcome.REFUSED
              : budgets.ask(need.counter, new Turn(need));
      again = true;
      now = budgets.nanos();
      switch (outcome) {
        case WAIT -> {
          return;
        }
        case AGAIN -> {}
        case GONE -> need.counter = budgets.counter(need.counter.key(), need.counter.limit());
        case REFUSED, UNAVAILABLE -> {
          fail(need, outcome);
          return;
        }
      }
    }
    verdict = ADMITTED;
    needs.forEach(need -> budgets.meters().admitted(need.limit()));
  }

  private void fail(Need need, Outcome outcome) {
    giveBack();
    Limit limit = need.limit();
    if (outcome == Outcome.UNAVAILABLE) {
      verdict = new Verdict.Unavailable(limit);
      budgets.meters().unavailable(limit);
    } else {
      long reset = need.counter.resetMs(budgets.contact(), budgets.nanos());
      verdict = new Verdict.Refused(limit, need.counter.limit(), reset);
      budgets.meters().refused(limit);
    }
  }

  private void giveBack() {
    for (Need need : needs) {
      Lease lease = need.lease;
      if (lease != null) {
        lease.giveBack(need.amount);
        need.lease = null;
      }
    }
  }

  /** The request will not be sent: it costs nothing. Does nothing once it has ended. */
  public synchronized void refund() {
    if (!over) {
      over = true;
      giveBack();
    }
  }

  /**
   * The request is over: it is no longer in flight, and its tokens are those that were used.
   *
   * @param tokens what it used, or -1 if that is not known: then what was charged stays
   */
  public synchronized void end(long tokens) {
    if (over) {
      return;
    }
    over = true;
    for (Need need : needs) {
      Lease lease = need.lease;
      if (lease != null && need.limit().isInFlight()) {
        lease.giveBack(need.amount);
      } else if (lease != null && need.limit() == Limit.CALLER_TOKENS && tokens >= 0) {
        settle(need, lease, tokens);
      }
    }
  }

  private void settle(Need need, Lease lease, long tokens) {
    if (tokens <= need.amount) {
      lease.giveBack(need.amount - tokens);
    } else {
      budgets.overrun(need.counter, tokens - need.amount);
    }
  }

  /** True if tokens are counted. */
  public boolean countsTokens() {
    for (Need need : needs) {
      if (need.limit() == Limit.CALLER_TOKENS) {
        return true;
      }
    }
    return false;
  }

  /** The budget of requests that is nearest to its end; null if there is none. */
  public @Nullable Standing requests() {
    Standing nearest = null;
    for (Need need : needs) {
      if (!need.limit().isInFlight() && need.limit() != Limit.CALLER_TOKENS) {
        Standing standing = standing(need);
        if (nearest == null || standing.remaining() < nearest.remaining()) {
          nearest = standing;
        }
      }
    }
    return nearest;
  }

  /** The budget of tokens; null if there is none. */
  public @Nullable Standing tokens() {
    for (Need need : needs) {
      if (need.limit() == Limit.CALLER_TOKENS) {
        return standing(need);
      }
    }
    return null;
  }

  private Standing standing(Need need) {
    Counter counter = need.counter;
    return new Standing(
        counter.limit(), counter.remaining(), counter.resetMs(budgets.contact(), budgets.nanos()));
  }

  /** The request's turn at one counter. */
  private final class Turn implements Waiter {
    private final Need need;

    Turn(Need need) {
      this.need = need;
    }

    @Override
    public long amount() {
      return need.amount;
    }

    @Override
    public long deadlineNanos() {
      return deadlineNanos;
    }

    @Override
    public void taken(Lease lease) {
      synchronized (Admission.this) {
        if (over) {
          lease.giveBack(need.amount);
          return;
        }
        need.lease = lease;
        next++;
        advance(budgets.nanos());
      }
      tell();
    }

    @Override
    public void failed(Outcome outcome) {
      synchronized (Admission.this) {
        if (over) {
          return;
        }
        fail(need, outcome);
      }
      tell();
    }

    private void tell() {
      CompletableFuture<Verdict> future;
      Verdict known;
      synchronized (Admission.this) {
        future = later;
        known = verdict;
      }
      if (future != null && known != null) {
        budgets.tell(() -> future.complete(known));
      }
    }
  }
}
