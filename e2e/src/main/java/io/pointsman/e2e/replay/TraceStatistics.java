package io.pointsman.e2e.replay;

/**
 * What a trace amounts to, computed without running anything.
 *
 * @param requests in all
 * @param conversations with at least one request
 * @param templates system prompts that came up
 * @param promptTokens of all requests
 * @param answerTokens of all requests
 * @param cachedTokens of the prompt tokens, those that one pod with an unlimited cache would find
 * @param distinctBlocks different KV cache blocks in all prompts
 */
record TraceStatistics(
    int requests,
    int conversations,
    int templates,
    long promptTokens,
    long answerTokens,
    long cachedTokens,
    int distinctBlocks) {

  /** The best hit ratio there can be: an unlimited cache, one pod. */
  double idealHitRatio() {
    return (double) cachedTokens / promptTokens;
  }
}
