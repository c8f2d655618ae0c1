package io.pointsman.plugin.routing;

/**
 * How the strategy {@code pd} chooses where no config profile says otherwise.
 *
 * @param prefillSpread prefill pods that are so many requests apart are out of balance: the least
 *     loaded one is taken
 * @param decodeSpread the same for decode pods
 * @param prefillPolicy {@code prefix_cache} or {@code least_request}
 * @param decodePolicy {@code load_balancing} or {@code least_request}
 * @param skipShare share of a prompt which, if the decode pod holds it, makes a prefill elsewhere
 *     not worth while; 0 for never
 * @param decodeAlone true if a decode pod whose roleset has no prefill pod left takes requests
 */
public record PdRules(
    int prefillSpread,
    int decodeSpread,
    String prefillPolicy,
    String decodePolicy,
    double skipShare,
    boolean decodeAlone) {
  /** The reference's thresholds and policies. */
  public static final PdRules DEFAULTS =
      new PdRules(16, 16, "prefix_cache", "load_balancing", 0.8, true);
}
