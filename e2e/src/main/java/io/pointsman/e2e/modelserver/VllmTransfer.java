package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.KvExports.Export;
import java.util.List;
import java.util.stream.Stream;

/**
 * vLLM with its NIXL connector. The prefill server is asked with {@code do_remote_decode} and names
 * the KV cache in its answer; the decode server is given these names with {@code do_remote_prefill}
 * and fetches it. Names that are not complete are as good as none: the prompt is computed again.
 * Names of something else fail the request.
 *
 * <p>In the other form ({@link Protocol#VLLM_RESPONSE}) the prefill server is asked for nothing but
 * a token, and the decode server gets its whole answer.
 */
final class VllmTransfer implements Transfer {
  private static final String PARAMETERS = "kv_transfer_params";
  private static final String PREFILL_ANSWER = "disagg_prefill_resp";

  private final Disaggregation part;
  private final KvExports exports;
  private final KvClient client;
  private final String host;
  private final int sidePort;

  /**
   * @param host where this server's side channel is, as is the port
   */
  VllmTransfer(Disaggregation part, KvExports exports, KvClient client, String host, int sidePort) {
    this.part = part;
    this.exports = exports;
    this.client = client;
    this.host = host;
    this.sidePort = sidePort;
  }

  @Override
  public Leg leg(ApiCall call, String requestId) throws BadRequest {
    return part.role() == Role.PREFILL ? prefill(call, requestId) : decode(call);
  }

  private Leg prefill(ApiCall call, String requestId) throws BadRequest {
    JsonObject body = call.json();
    if (isResponseForm()) {
      TransferRules.refuseAllBut(body);
    } else {
      TransferRules.refuseAllBut(body, PARAMETERS);
      JsonObject parameters = TransferRules.object(body, PARAMETERS);
      if (!Json.isTrue(parameters, "do_remote_decode")
          || Json.isTrue(parameters, "do_remote_prefill")) {
        throw new BadRequest("kv_transfer_params.do_remote_decode must be true here");
      }
      if (Stream.of("remote_engine_id", "remote_block_ids", "remote_host", "remote_port")
          .anyMatch(name -> Json.has(parameters, name))) {
        throw new BadRequest("kv_transfer_params: nothing is remote yet");
      }
    }
    TransferRules.requireOneToken(body);
    return Leg.prefill(call, answer -> withNames(answer, call, requestId));
  }

  private String withNames(String answer, ApiCall call, String requestId) {
    Export export = exports.offer(requestId, KvCopy.of(call));
    JsonObject json = Json.parse(answer);
    json.add(
        PARAMETERS,
        Json.object(
            "do_remote_prefill",
            true,
            "do_remote_decode",
            false,
            "remote_block_ids",
            Json.array(export.blockIds().toArray()),
            "remote_engine_id",
            export.engineId(),
            "remote_request_id",
            export.requestId(),
            "remote_host",
            host,
            "remote_port",
            sidePort,
            "tp_size",
            1));
    return json.toString();
  }

  private Leg decode(ApiCall call) throws BadRequest {
    JsonObject body = call.json();
    TransferRules.refuseAllBut(body, isResponseForm() ? PREFILL_ANSWER : PARAMETERS);
    JsonObject answer = isResponseForm() ? TransferRules.object(body, PREFILL_ANSWER) : body;
    JsonObject names = TransferRules.object(answer, PARAMETERS);
    if (Json.isTrue(names, "do_remote_decode")) {
      throw new BadRequest("this server computes nothing for others");
    }
    String engine = Json.text(names, "remote_engine_id");
    String requestId = Json.text(names, "remote_request_id");
    String remoteHost = Json.text(names, "remote_host");
    Long remotePort = Json.number(names, "remote_port");
    List<Long> blocks = Json.numbers(names, "remote_block_ids");
    if (!Json.isTrue(names, "do_remote_prefill")
        || engine == null
        || requestId == null
        || remoteHost == null
        || remotePort == null
        || blocks == null) {
      return Leg.recomputed(call);
    }
    if (isResponseForm() && !requestId.equals(Json.text(answer, "id"))) {
      throw new BadRequest("disagg_prefill_resp is not the whole answer of one request");
    }
    var export = new Export(engine, requestId, blocks);
    return Leg.fetched(
        call,
        client
            .fetch(remoteHost, remotePort, export)
            .thenCompose(copy -> TransferRules.samePrompt(call, copy)));
  }

  private boolean isResponseForm() {
    return part.protocol() == Protocol.VLLM_RESPONSE;
  }
}
