package io.pointsman.e2e.modelserver;

import java.util.List;
import java.util.function.Consumer;

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
    return with(fields -> fields.prefillRate = tokensPerSecond);
  }

  public ServerSettings withDecodeRate(double tokensPerSecond) {
    return with(fields -> fields.decodeRate = tokensPerSecond);
  }

  public ServerSettings withCacheBlocks(int blocks) {
    return with(fields -> fields.cacheBlocks = blocks);
  }

  public ServerSettings withMaxRunning(int requests) {
    return with(fields -> fields.maxRunning = requests);
  }

  public ServerSettings withStreamInterval(int tokens) {
    return with(fields -> fields.streamInterval = tokens);
  }

  public ServerSettings withDisaggregation(Disaggregation part) {
    return with(fields -> fields.disaggregation = part);
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

  private ServerSettings with(Consumer<Fields> change) {
    var fields = new Fields(this);
    change.accept(fields);
    return fields.settings();
  }

  /** What a copy can differ in, while it is made. */
  private static final class Fields {
    private final ServerSettings from;
    private double prefillRate;
    private double decodeRate;
    private int cacheBlocks;
    private int maxRunning;
    private int streamInterval;
    private Disaggregation disaggregation;

    Fields(ServerSettings from) {
      this.from = from;
      prefillRate = from.prefillRate;
      decodeRate = from.decodeRate;
      cacheBlocks = from.cacheBlocks;
      maxRunning = from.maxRunning;
      streamInterval = from.streamInterval;
      disaggregation = from.disaggregation;
    }

    ServerSettings settings() {
      return new ServerSettings(
          from.models,
          prefillRate,
          decodeRate,
          cacheBlocks,
          maxRunning,
          from.answerTokens,
          streamInterval,
          disaggregation);
    }
  }
}
