package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Profile;
import java.util.Collection;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How the prompt of a request is to be computed before its decode pod generates. Thread-safe.
 *
 * <p>The first prefill pod is reserved together with the decode pod; who carries the plan out
 * releases it when the prefill is done, and may take {@linkplain #another others} in its place.
 */
public final class PrefillPlan {
  private final String model;
  private final String engine;
  private final @Nullable Reservation first;
  private final boolean lacking;
  private final Endpoint decode;
  private final @Nullable Profile profile;
  private final Supplier<@Nullable Pool> pool;
  private final @Nullable LabelSelector selector;

  PrefillPlan(
      String model,
      String engine,
      @Nullable Reservation first,
      boolean lacking,
      Endpoint decode,
      @Nullable Profile profile,
      Supplier<@Nullable Pool> pool,
      @Nullable LabelSelector selector) {
    this.model = model;
    this.engine = engine;
    this.first = first;
    this.lacking = lacking;
    this.decode = decode;
    this.profile = profile;
    this.pool = pool;
    this.selector = selector;
  }

  /** The model, as discovery names it. */
  public String model() {
    return model;
  }

  /** {@code vllm}, {@code sglang} or {@code trtllm}. */
  public String engine() {
    return engine;
  }

  /** The prefill pod; null if none is needed. */
  public @Nullable Reservation first() {
    return first;
  }

  /** True if a decode pod does without a prefill, because it holds most of the prompt. */
  public boolean isSkipped() {
    return first == null && !lacking && decode.role() == Role.DECODE;
  }

  /** True if a decode pod does without a prefill, because no pod of its roleset is there for it. */
  public boolean isLacking() {
    return lacking;
  }

  /** The pod that generates. */
  public Endpoint decode() {
    return decode;
  }

  /** What the profile says of a failure: {@code decode-only}, {@code fail}, or null. */
  public @Nullable String onFailure() {
    return profile == null ? null : profile.prefill().onPrefillFailure();
  }

  /**
   * Reserves the least loaded prefill pod of the same roleset that was not tried yet.
   *
   * @return null if there is none; else to be released by the caller
   */
  public @Nullable Reservation another(Collection<Endpoint> tried) {
    Pool now = pool.get();
    if (now == null) {
      return null;
    }
    while (true) {
      Endpoint chosen = null;
      int least = Integer.MAX_VALUE;
      int seen = 0;
      int equals = 0;
      for (Endpoint endpoint : now.candidates()) {
        if (!isPartner(endpoint) || tried.contains(endpoint)) {
          continue;
        }
        int own = endpoint.inFlight();
        int load = own + endpoint.peerInFlight();
        equals = load < least ? 1 : load == least ? equals + 1 : equals;
        if (load < least || (load == least && ThreadLocalRandom.current().nextInt(equals) == 0)) {
          chosen = endpoint;
          least = load;
          seen = own;
        }
      }
      if (chosen == null) {
        return null;
      }
      if (chosen.tryReserve(seen)) {
        return new Reservation(chosen, 0, () -> {});
      }
    }
  }

  private boolean isPartner(Endpoint endpoint) {
    String roleset = decode.roleset();
    return endpoint.role() == Role.PREFILL
        && roleset != null
        && roleset.equals(endpoint.roleset())
        && (selector == null || selector.matches(endpoint.labels()));
  }
}
