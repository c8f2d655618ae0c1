package io.pointsman.e2e.modelserver;

import java.util.List;

/**
 * How a sample model server behaves. Tokens are estimated as a quarter of the bytes, rounded up.
 *
 * @param models the names it answers to; the first one labels its metrics, the others are listed as
 *     its LoRA adapters
 * @param prefillRate prompt tokens per second that are not cached, one request at a time
 * @param decodeRate answer tokens per second for each running request
 * @param cacheBlocks size of the KV cache in blocks of {@link KvCache#BLOCK_TOKENS} tokens; also
 *     bounds the length of prompt and answer together
 * @param maxRunning requests that run at once; the rest waits
 * @param answerTokens length of an answer where the request sets no limit
 * @param streamInterval tokens of a streamed answer that are sent together, but for the first one,
 *     which goes alone: vLLM's option of that name, which spares it work under load
 * @param disaggregation its part where two servers share a request
 */
public record ServerSettings(
    List<String> models,
    double prefillRate,
    double decodeRate,
    int cacheBlocks,
    int maxRunning,
    int answerTokens,
    int streamInterval,
    Disaggregation disaggregation) {

  public ServerSettings {
    models = List.copyOf(models);
    if (models.isEmpty()) {
      throw new IllegalArgumentException("a server needs a model");
    }
    if (!(prefillRate > 0 && decodeRate > 0)) {
      throw new IllegalArgumentException("rates must be above 0");
    }
    if (cacheBlocks < 1 || maxRunning < 1 || answerTokens < 1 || streamInterval < 1) {
      throw new IllegalArgumentException("counts start at 1");
    }
  }

  /** As the other, for a server that serves whole requests. */
  ServerSettings(
      List<String> models,
      double prefillRate,
      double decodeRate,
      int cacheBlocks,
      int maxRunning,
      int answerTokens,
      int streamInterval) {
    this(
        models,
        prefillRate,
        decodeRate,
        cacheBlocks,
        maxRunning,
        answerTokens,
        streamInterval,
        Disaggregation.NONE);
  }

  /** The pace of a mid-size model on one GPU. */
  public static ServerSettings realistic(String... models) {
    return new ServerSettings(List.of(models), 8_000, 50, 32_768, 256, 32, 1);
  }

  /** Answers without any delay of its own. */
  public static ServerSettings instant(String... models) {
    double unlimited = Double.POSITIVE_INFINITY;
    return new ServerSettings(List.of(models), unlimited, unlimited, 524_288, 4_096, 16, 1);
  }

  public ServerSettings withPrefillRate(double tokensPerSecond) {
    return new ServerSettings(
        models,
        tokensPerSecond,
        decodeRate,
        cacheBlocks,
        maxRunning,
        answerTokens,
        streamInterval,
        disaggregation);
  }

  public ServerSettings withDecodeRate(double tokensPerSecond) {
    return new ServerSettings(
        models,
        prefillRate,
        tokensPerSecond,
        cacheBlocks,
        maxRunning,
        answerTokens,
        streamInterval,
        disaggregation);
  }

  public ServerSettings withCacheBlocks(int blocks) {
    return new ServerSettings(
        models,
        prefillRate,
        decodeRate,
        blocks,
        maxRunning,
        answerTokens,
        streamInterval,
        disaggregation);
  }

  public ServerSettings withMaxRunning(int requests) {
    return new ServerSettings(
        models,
        prefillRate,
        decodeRate,
        cacheBlocks,
        requests,
        answerTokens,
        streamInterval,
        disaggregation);
  }

  public ServerSettings withStreamInterval(int tokens) {
    return new ServerSettings(
        models,
        prefillRate,
        decodeRate,
        cacheBlocks,
        maxRunning,
        answerTokens,
        tokens,
        disaggregation);
  }

  public ServerSettings withDisaggregation(Disaggregation part) {
    return new ServerSettings(
        models,
        prefillRate,
        decodeRate,
        cacheBlocks,
        maxRunning,
        answerTokens,
        streamInterval,
        part);
  }

  /** The same part in another role. */
  public ServerSettings withRole(Disaggregation.Role role) {
    return withDisaggregation(
        new Disaggregation(disaggregation.protocol(), role, disaggregation.patience()));
  }

  /** Longest prompt and answer together, in tokens. */
  int maxTokens() {
    return cacheBlocks * KvCache.BLOCK_TOKENS;
  }
}
