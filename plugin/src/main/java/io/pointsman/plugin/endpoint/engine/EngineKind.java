package io.pointsman.plugin.endpoint.engine;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where an engine has its metrics page and how it calls what matters here. Of several names the
 * first one that the page has counts: engines rename.
 *
 * @param path of the page
 * @param kvCacheUsage gauge, 0 to 1
 * @param utilization gauge, 0 to 1; 0 where the engine does not compute it
 * @param tokens counter of generated tokens
 * @param tokensPerSecond gauge, for want of such a counter
 * @param requestSeconds histogram of how long requests took, without its suffixes
 * @param listsAdapters true if its {@code /v1/models} lists LoRA adapters, with their base model as
 *     {@code parent}
 */
record EngineKind(
    String path,
    List<String> kvCacheUsage,
    List<String> utilization,
    List<String> tokens,
    List<String> tokensPerSecond,
    List<String> requestSeconds,
    boolean listsAdapters) {

  /** Since its engine V1 vLLM says kv, before it said gpu. */
  private static final EngineKind VLLM =
      new EngineKind(
          "/metrics",
          List.of("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc"),
          List.of(),
          List.of("vllm:generation_tokens_total"),
          List.of(),
          List.of("vllm:e2e_request_latency_seconds"),
          true);

  private static final EngineKind SGLANG =
      new EngineKind(
          "/metrics",
          List.of("sglang:token_usage"),
          List.of("sglang:utilization"),
          List.of("sglang:generation_tokens_total"),
          List.of("sglang:gen_throughput"),
          List.of("sglang:e2e_request_latency_seconds"),
          true);

  /** Its /metrics are iteration statistics in JSON. */
  private static final EngineKind TRTLLM =
      new EngineKind(
          "/prometheus/metrics",
          List.of("trtllm_kv_cache_utilization"),
          List.of(),
          List.of("trtllm_generation_tokens_total"),
          List.of(),
          List.of("trtllm_e2e_request_latency_seconds"),
          false);

  /** The kind with this name, or null if nothing is known of it. */
  static @Nullable EngineKind find(String engine) {
    return switch (engine) {
      case "vllm" -> VLLM;
      case "sglang" -> SGLANG;
      case "trtllm" -> TRTLLM;
      default -> null;
    };
  }
}
