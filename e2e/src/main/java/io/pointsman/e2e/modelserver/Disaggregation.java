package io.pointsman.e2e.modelserver;

import java.time.Duration;

/**
 * A server's part where two servers share a request: one computes the prompt's KV cache, the other
 * fetches it and generates.
 *
 * @param protocol how the two find each other
 * @param role which of the two it is
 * @param patience how long a KV cache waits to be fetched, and one side for the other
 */
public record Disaggregation(Protocol protocol, Role role, Duration patience) {
  /** An ordinary server, which serves whole requests and knows of no transfer. */
  public static final Disaggregation NONE =
      new Disaggregation(Protocol.VLLM, Role.COMBINED, Duration.ofSeconds(30));

  /** How the servers of one engine tell each other where a KV cache is. */
  public enum Protocol {
    /** vLLM with its NIXL connector: {@code kv_transfer_params} in request and answer. */
    VLLM,
    /** vLLM on Neuron: the whole answer of the prefill server as {@code disagg_prefill_resp}. */
    VLLM_RESPONSE,
    /**
     * SGLang: both servers meet in a room, {@code bootstrap_host}, {@code _port}, {@code _room}.
     */
    SGLANG,
    /** TensorRT-LLM: {@code disaggregated_params} in request and answer. */
    TRTLLM;

    /** The engine's name in a models file and in the label of a pod. */
    public String engine() {
      return switch (this) {
        case VLLM, VLLM_RESPONSE -> "vllm";
        case SGLANG -> "sglang";
        case TRTLLM -> "trtllm";
      };
    }
  }

  /** What a server does for a request. */
  public enum Role {
    /** Serves whole requests. */
    COMBINED,
    /** Computes prompts for others. */
    PREFILL,
    /** Generates from what a prefill server has computed. */
    DECODE
  }
}
