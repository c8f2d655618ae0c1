package io.pointsman.plugin.endpoint;

import org.jspecify.annotations.Nullable;

/**
 * What an endpoint says for requests that a prefill and a decode pod share.
 *
 * @param minPromptTokens shortest prompt that it is for, in estimated tokens
 * @param maxPromptTokens longest one; 0 is no limit
 * @param combined true if it serves whole requests beside a roleset's prefill and decode pods
 * @param connector how vLLM hands KV caches over, as its label names it; null for the usual way
 * @param bootstrapPort where an SGLang prefill pod lets decode pods in
 */
public record Disaggregation(
    int minPromptTokens,
    int maxPromptTokens,
    boolean combined,
    @Nullable String connector,
    int bootstrapPort) {
  /** SGLang's own default. */
  public static final int BOOTSTRAP_PORT = 8998;

  /** What holds where nothing is said. */
  public static final Disaggregation DEFAULT =
      new Disaggregation(0, 0, false, null, BOOTSTRAP_PORT);

  /** The same with what a pod's own config profile says. */
  public Disaggregation with(Profile.Prefill profile) {
    Integer min = profile.promptLenBucketMinLength();
    Integer max = profile.promptLenBucketMaxLength();
    return new Disaggregation(
        min == null ? minPromptTokens : min,
        max == null ? maxPromptTokens : max,
        combined || profile.combined(),
        connector,
        bootstrapPort);
  }

  /** True if a prompt of so many tokens is not too short nor too long for it. */
  public boolean accepts(int promptTokens) {
    return promptTokens >= minPromptTokens
        && (maxPromptTokens == 0 || promptTokens <= maxPromptTokens);
  }
}
