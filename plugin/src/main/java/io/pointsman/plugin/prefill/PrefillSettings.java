package io.pointsman.plugin.prefill;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How prompts are computed on prefill pods. Immutable.
 *
 * @param bySidecar true if a proxy beside the decode pod calls the prefill pod, which it is told by
 *     a request header; no call of ours is made then
 * @param callTimeout longest time that one call may take
 * @param deadline longest time that a request waits for its prefill, with every retry
 * @param maxResponseBytes longest answer that is read
 * @param maxPerPod most prefills that this replica has under way on one pod
 * @param attempts most pods that are tried for one request
 * @param passedHeaders request headers that go on to the prefill pod, in lower case
 * @param messageTimeout how long Envoy is asked to wait while a prefill is waited for, in place of
 *     its usual time; null if it is not to be asked
 * @param decodeOnFailure true if the decode pod does all of it when no prefill pod could be made to
 *     work, where no profile says otherwise; false if the request fails
 */
public record PrefillSettings(
    boolean bySidecar,
    Duration callTimeout,
    Duration deadline,
    int maxResponseBytes,
    int maxPerPod,
    int attempts,
    List<String> passedHeaders,
    @Nullable Duration messageTimeout,
    boolean decodeOnFailure) {
  /** What applies where the operator sets nothing, but that Envoy is not asked for time. */
  public static final PrefillSettings DEFAULTS =
      new PrefillSettings(
          false,
          Duration.ofSeconds(20),
          Duration.ofSeconds(30),
          4 << 20,
          64,
          3,
          List.of("traceparent", "tracestate"),
          null,
          true);

  public PrefillSettings {
    passedHeaders = List.copyOf(passedHeaders);
  }
}
