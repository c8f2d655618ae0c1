package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.prompt.JsonEdit;
import io.pointsman.plugin.prompt.JsonMembers;
import java.util.List;

/** vLLM on Neuron ({@code nixl}): the decode pod is sent the prefill pod's whole answer. */
final class PrefillResponseProtocol extends TransferProtocol {
  private static final String NAME = "disagg_prefill_resp";

  @Override
  List<JsonEdit> prefillEdits(Endpoint prefill) {
    return List.of(JsonEdit.forbid(NAME));
  }

  @Override
  List<JsonEdit> decodeEdits(Endpoint prefill, byte[] answer) throws InvalidAnswer {
    if (!JsonMembers.isObject(answer)) {
      throw new InvalidAnswer("the answer is not an object");
    }
    return List.of(JsonEdit.add(NAME, answer));
  }
}
