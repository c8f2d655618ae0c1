package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.prompt.JsonEdit;
import io.pointsman.plugin.prompt.JsonMembers;
import io.pointsman.plugin.prompt.JsonSplice;
import io.pointsman.plugin.prompt.SpliceResult;
import io.pointsman.plugin.prompt.SplicedBody;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * TensorRT-LLM: the prefill pod serves a request of the type {@code context_only} and answers with
 * {@code disaggregated_params}, beside its first choice or in it; the decode pod is sent them as
 * {@code generation_only}, with the token ids of the prompt so that it need not be tokenised again.
 */
final class TrtllmProtocol extends TransferProtocol {
  private static final String NAME = "disaggregated_params";
  private static final String TOKENS = "prompt_token_ids";

  /** 2023-01-01, where the reference's ids begin. */
  private static final long EPOCH_MS = 1_672_531_200_000L;

  private static final int RANDOM_BITS = 22;

  private final long id;
  private final boolean completion;

  /**
   * @param id not negative, and unlike that of any other request
   * @param completion true if the API takes token ids for a prompt, not beside its messages
   */
  TrtllmProtocol(long id, boolean completion) {
    this.id = id;
    this.completion = completion;
  }

  @Override
  JsonEdit secondLimit() {
    return JsonEdit.remove("max_completion_tokens");
  }

  /**
   * 41 bits of time and 22 of chance, where the reference has a machine's number and a sequence:
   * replicas need not be numbered.
   */
  static long newId() {
    long time = (System.currentTimeMillis() - EPOCH_MS) & ((1L << 41) - 1);
    return time << RANDOM_BITS | ThreadLocalRandom.current().nextLong(1L << RANDOM_BITS);
  }

  @Override
  List<JsonEdit> prefillEdits(Endpoint prefill) {
    return List.of(
        JsonEdit.add(NAME, "{\"request_type\":\"context_only\",\"disagg_request_id\":" + id + "}"));
  }

  @Override
  @Nullable List<JsonEdit> decodeEdits(Endpoint prefill, byte[] answer) throws InvalidAnswer {
    byte[] params = JsonMembers.member(answer, NAME);
    byte[] choices = params == null ? JsonMembers.member(answer, "choices") : null;
    byte[] choice = choices == null ? null : JsonMembers.firstElement(choices);
    if (params == null && choice != null) {
      params = JsonMembers.member(choice, NAME);
    }
    if (params == null || params[0] == 'n') {
      throw new InvalidAnswer("no " + NAME);
    }
    SpliceResult told =
        new JsonSplice(JsonEdit.set("request_type", "\"generation_only\"")).apply(params);
    if (!(told instanceof SplicedBody body)) {
      throw new InvalidAnswer(NAME + " is not an object");
    }
    List<JsonEdit> edits = new ArrayList<>();
    edits.add(JsonEdit.add(NAME, body.bytes()));
    byte[] tokens = JsonMembers.member(answer, TOKENS);
    if (tokens != null && tokens[0] == '[') {
      edits.add(JsonEdit.set(completion ? "prompt" : TOKENS, tokens));
    }
    return edits;
  }
}
