package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.prompt.JsonEdit;
import io.pointsman.plugin.prompt.JsonSplice;
import io.pointsman.plugin.prompt.Malformed;
import io.pointsman.plugin.prompt.SpliceResult;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * How an engine's prefill and decode pods hand a KV cache over: what both are sent. One object
 * serves one request.
 */
abstract class TransferProtocol {
  private static final List<JsonEdit> ONE_TOKEN =
      List.of(
          JsonEdit.set("max_tokens", "1"),
          JsonEdit.set("stream", "false"),
          JsonEdit.remove("stream_options"),
          JsonEdit.remove("min_tokens"));

  /** What no client may set, since pods dial what is said there. */
  private static final JsonSplice OURS =
      new JsonSplice(
          JsonEdit.forbid("kv_transfer_params"),
          JsonEdit.forbid("disagg_prefill_resp"),
          JsonEdit.forbid("disaggregated_params"),
          JsonEdit.forbid("bootstrap_host"),
          JsonEdit.forbid("bootstrap_port"),
          JsonEdit.forbid("bootstrap_room"));

  /**
   * Why a body may not go on to a pod without any of these protocols, which refuse their own
   * members: it has one of them all the same. Null if it may.
   */
  static @Nullable Malformed foul(PrefillRequest request) {
    SpliceResult result = OURS.apply(request.array(), request.offset(), request.length());
    return result instanceof Malformed malformed ? malformed : null;
  }

  /** The protocol of an engine and connector, or null if it cannot be served. */
  static @Nullable TransferProtocol of(
      String engine, @Nullable String connector, PrefillRequest request) {
    return switch (engine) {
      case "sglang" -> new SglangProtocol(ThreadLocalRandom.current().nextLong(Long.MAX_VALUE));
      case "trtllm" -> new TrtllmProtocol(TrtllmProtocol.newId(), request.isCompletion());
      default ->
          switch (connector == null ? "shfs" : connector) {
            case "shfs" -> new KvTransferProtocol();
            case "nixl" -> new PrefillResponseProtocol();
            default -> null;
          };
    };
  }

  /**
   * True if the prefill must not be waited for, since the decode pod takes part in it. Such a
   * decode pod cannot do without a prefill.
   */
  boolean isBeside() {
    return false;
  }

  /** The body for the prefill pod: generates one token and streams nothing. */
  final SpliceResult prefillBody(PrefillRequest request, Endpoint prefill) {
    List<JsonEdit> edits = new ArrayList<>(ONE_TOKEN);
    edits.add(secondLimit());
    edits.addAll(prefillEdits(prefill));
    return new JsonSplice(edits).apply(request.array(), request.offset(), request.length());
  }

  /**
   * The body for the decode pod.
   *
   * @param answer the prefill pod's; empty if it is not waited for
   * @return null if the answer hands nothing over, so that the decode pod starts anew
   * @throws InvalidAnswer if the answer is not what the protocol says
   */
  final @Nullable SpliceResult decodeBody(PrefillRequest request, Endpoint prefill, byte[] answer)
      throws InvalidAnswer {
    List<JsonEdit> edits = decodeEdits(prefill, answer);
    return edits == null
        ? null
        : new JsonSplice(edits).apply(request.array(), request.offset(), request.length());
  }

  /** What becomes of the newer name of {@code max_tokens}. */
  JsonEdit secondLimit() {
    return JsonEdit.replace("max_completion_tokens", "1");
  }

  abstract List<JsonEdit> prefillEdits(Endpoint prefill);

  abstract @Nullable List<JsonEdit> decodeEdits(Endpoint prefill, byte[] answer)
      throws InvalidAnswer;

  /** A prefill pod's answer is not what the protocol says. */
  static final class InvalidAnswer extends Exception {
    private static final long serialVersionUID = 1;

    InvalidAnswer(String message) {
      super(message, null, false, false);
    }
  }
}
