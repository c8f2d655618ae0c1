package io.pointsman.plugin.endpoint;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One named config profile of a model. What is null is not given.
 *
 * @param name the profile's key
 * @param routingStrategy the strategy requests under this profile use
 * @param hints when {@code config-profile: auto} chooses it
 * @param limits what requests under it may take
 * @param prefill which part it plays where prefill and decode are apart
 * @param prefixCache what {@code prefix-cache} does otherwise under it
 * @param leastRequestSpread under {@code least-request}, endpoints with so many more in flight than
 *     the least loaded one count as equal to it
 */
public record Profile(
    String name,
    @Nullable String routingStrategy,
    Hints hints,
    Limits limits,
    Prefill prefill,
    PrefixCache prefixCache,
    @Nullable Integer leastRequestSpread) {

  /** A profile that says nothing but its strategy and hints. */
  public Profile(String name, @Nullable String routingStrategy, Hints hints) {
    this(name, routingStrategy, hints, Limits.NONE, Prefill.NONE, PrefixCache.NONE, null);
  }

  /**
   * Steers {@code config-profile: auto}. Lower bounds are inclusive, upper bounds exclusive.
   *
   * @param promptTokensGte smallest prompt, in estimated tokens
   * @param promptTokensLt first prompt that is too long, in estimated tokens
   * @param maxTokensGte smallest token limit the request may carry
   * @param maxTokensLt first token limit that is too large
   */
  public record Hints(
      @Nullable Integer promptTokensGte,
      @Nullable Integer promptTokensLt,
      @Nullable Integer maxTokensGte,
      @Nullable Integer maxTokensLt) {
    public static final Hints NONE = new Hints(null, null, null, null);
  }

  /**
   * What requests may take.
   *
   * @param requestsPerSecond under this profile; 0 is no limit
   * @param requestsPerSecondPerReplica for each ready endpoint of the model; 0 is no limit
   * @param requestsInflight at the same time, under this profile; 0 is no limit
   * @param timeoutSeconds longest time a request may take
   */
  public record Limits(
      @Nullable Integer requestsPerSecond,
      @Nullable Integer requestsPerSecondPerReplica,
      @Nullable Integer requestsInflight,
      @Nullable Integer timeoutSeconds) {
    public static final Limits NONE = new Limits(null, null, null, null);
  }

  /**
   * For pods that share the work of one request, by the strategy {@code pd}.
   *
   * @param promptLenBucketMinLength shortest prompt the pod is for, in estimated tokens
   * @param promptLenBucketMaxLength longest one; 0 is no limit
   * @param combined true if the pod can serve whole requests
   * @param prefillScorePolicy how prefill pods are compared
   * @param decodeScorePolicy how decode pods are compared
   * @param onPrefillFailure what becomes of a request when no prefill pod could be made to work
   * @param onEmptyBucket what becomes of one whose length no roleset is for
   */
  public record Prefill(
      @Nullable Integer promptLenBucketMinLength,
      @Nullable Integer promptLenBucketMaxLength,
      boolean combined,
      @Nullable String prefillScorePolicy,
      @Nullable String decodeScorePolicy,
      @Nullable String onPrefillFailure,
      @Nullable String onEmptyBucket) {
    public static final Prefill NONE = new Prefill(null, null, false, null, null, null, null);

    /** What {@code prefillScorePolicy} can be. */
    public static final List<String> PREFILL_POLICIES = List.of("prefix_cache", "least_request");

    /** What {@code decodeScorePolicy} can be. */
    public static final List<String> DECODE_POLICIES = List.of("load_balancing", "least_request");

    /** What {@code onPrefillFailure} can be. */
    public static final List<String> ON_FAILURE = List.of("decode-only", "fail");

    /** What {@code onEmptyBucket} can be. */
    public static final List<String> ON_EMPTY_BUCKET = List.of("combined", "any", "fail");
  }

  /**
   * Parameters of {@code prefix-cache}, in place of the operator's settings.
   *
   * @param blockBytes size of a block
   * @param minMatchBlocks shortest match that counts
   * @param gateSpread in-flight requests above the least loaded endpoint that are too many
   * @param gateDeviations standard deviations above the mean that are too many
   * @param gateFree load at which no endpoint is too busy
   * @param rampSeconds how long an endpoint counts as new
   */
  public record PrefixCache(
      @Nullable Integer blockBytes,
      @Nullable Integer minMatchBlocks,
      @Nullable Integer gateSpread,
      @Nullable Double gateDeviations,
      @Nullable Integer gateFree,
      @Nullable Integer rampSeconds) {
    public static final PrefixCache NONE = new PrefixCache(null, null, null, null, null, null);
  }
}
