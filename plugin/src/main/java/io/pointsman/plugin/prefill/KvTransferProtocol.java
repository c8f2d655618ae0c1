package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.prompt.JsonEdit;
import io.pointsman.plugin.prompt.JsonMembers;
import io.pointsman.plugin.prompt.JsonSplice;
import io.pointsman.plugin.prompt.SpliceResult;
import io.pointsman.plugin.prompt.SplicedBody;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * vLLM with a connector such as NIXL's: the prefill pod answers where the KV cache lies, in {@code
 * kv_transfer_params}, and the decode pod is told. The host told is the pod's own address, since
 * what an engine knows of itself is often one that only it can reach.
 */
final class KvTransferProtocol extends TransferProtocol {
  private static final String NAME = "kv_transfer_params";
  private static final JsonEdit ASK =
      JsonEdit.add(
          NAME,
          "{\"do_remote_decode\":true,\"do_remote_prefill\":false,\"remote_engine_id\":null,"
              + "\"remote_block_ids\":null,\"remote_host\":null,\"remote_port\":null}");

  @Override
  List<JsonEdit> prefillEdits(Endpoint prefill) {
    return List.of(ASK);
  }

  @Override
  @Nullable List<JsonEdit> decodeEdits(Endpoint prefill, byte[] answer) throws InvalidAnswer {
    byte[] params = JsonMembers.member(answer, NAME);
    if (params == null && !JsonMembers.isObject(answer)) {
      throw new InvalidAnswer("the answer is not an object");
    }
    if (params == null || params[0] == 'n') {
      return null;
    }
    SpliceResult told =
        new JsonSplice(JsonEdit.set("remote_host", '"' + prefill.ip() + '"')).apply(params);
    if (!(told instanceof SplicedBody body)) {
      throw new InvalidAnswer(NAME + " is not an object");
    }
    return List.of(JsonEdit.add(NAME, body.bytes()));
  }
}
