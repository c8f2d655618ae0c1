package io.pointsman.e2e.modelserver;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.KvExports.Export;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * TensorRT-LLM: the context server is asked with the request type {@code context_only} and answers
 * with the first token, a number for the request, and an opaque state; the generation server gets
 * all of it back with {@code generation_only}, and fetches the KV cache. Anything that was changed
 * on the way fails the request. A request without these parameters is served whole.
 */
final class TrtllmTransfer implements Transfer {
  private static final String PARAMETERS = "disaggregated_params";
  private static final String TOKEN_IDS = "prompt_token_ids";

  private final Disaggregation part;
  private final KvExports exports;
  private final KvClient client;
  private final String host;
  private final int sidePort;
  private final AtomicLong contextIds = new AtomicLong(1L << 53);

  /**
   * @param host where this server's side channel is, as is the port
   */
  TrtllmTransfer(
      Disaggregation part, KvExports exports, KvClient client, String host, int sidePort) {
    this.part = part;
    this.exports = exports;
    this.client = client;
    this.host = host;
    this.sidePort = sidePort;
  }

  @Override
  public Leg leg(ApiCall call, String requestId) throws BadRequest {
    JsonObject body = call.json();
    TransferRules.refuseAllBut(body, PARAMETERS);
    if (Json.has(body, "max_tokens") && Json.has(body, "max_completion_tokens")) {
      throw new BadRequest("Extra inputs are not permitted: max_completion_tokens");
    }
    JsonObject parameters = TransferRules.object(body, PARAMETERS);
    return part.role() == Role.PREFILL ? context(call, parameters) : generation(call, parameters);
  }

  private Leg context(ApiCall call, JsonObject parameters) throws BadRequest {
    if (!"context_only".equals(Json.text(parameters, "request_type"))) {
      throw new BadRequest("disaggregated_params.request_type must be context_only here");
    }
    TransferRules.requireOneToken(call.json());
    Long given = Json.number(parameters, "disagg_request_id");
    if (Json.has(parameters, "disagg_request_id") && given == null) {
      throw new BadRequest("Input should be a valid integer: disagg_request_id");
    }
    long contextId = given == null ? contextIds.incrementAndGet() : given;
    return Leg.prefill(call, answer -> withState(answer, call, contextId, given));
  }

  private String withState(String answer, ApiCall call, long contextId, @Nullable Long given) {
    Export export = exports.offer(Long.toString(contextId), KvCopy.of(call));
    JsonObject json = Json.parse(answer);
    json.getAsJsonArray("choices")
        .get(0)
        .getAsJsonObject()
        .add(
            PARAMETERS,
            Json.object(
                "request_type",
                "context_only",
                "first_gen_tokens",
                Json.array(firstToken(call)),
                "ctx_request_id",
                contextId,
                "encoded_opaque_state",
                new State(host, sidePort, export).encode(),
                "draft_tokens",
                null,
                "disagg_request_id",
                given));
    json.add(TOKEN_IDS, Json.array(TokenIds.of(call.prompt()).toArray()));
    return json.toString();
  }

  private Leg generation(ApiCall call, JsonObject parameters) throws BadRequest {
    if (parameters.isEmpty()) {
      return Leg.recomputed(call);
    }
    Long contextId = Json.number(parameters, "ctx_request_id");
    String state = Json.text(parameters, "encoded_opaque_state");
    List<Long> first = Json.numbers(parameters, "first_gen_tokens");
    if (!"generation_only".equals(Json.text(parameters, "request_type"))
        || contextId == null
        || state == null
        || first == null) {
      throw new BadRequest("disaggregated_params of a generation_only request are not complete");
    }
    ApiCall whole = withTokens(call);
    if (!first.equals(List.of(firstToken(whole)))) {
      throw new BadRequest("first_gen_tokens is not what the prompt's first token would be");
    }
    State from = State.decode(state);
    if (!from.export().requestId().equals(contextId.toString())) {
      throw new BadRequest("encoded_opaque_state belongs to another ctx_request_id");
    }
    return Leg.fetched(
        whole,
        client
            .fetch(from.host(), from.port(), from.export())
            .thenCompose(copy -> TransferRules.samePrompt(whole, copy)));
  }

  /** The prompt that the context server has cut into tokens goes before the text. */
  private static ApiCall withTokens(ApiCall call) throws BadRequest {
    List<Long> ids = Json.numbers(call.json(), TOKEN_IDS);
    if (ids == null) {
      ids = Json.numbers(call.json(), "prompt");
    }
    return ids == null ? call : call.withPrompt(TokenIds.text(ids));
  }

  private static long firstToken(ApiCall call) {
    return TokenIds.of(Answer.tokens(call.prompt(), 1).get(0)).get(0);
  }

  /** What the opaque state says to those who may look into it. */
  private record State(String host, long port, Export export) {
    String encode() {
      JsonObject state = Json.parse(SideChannel.question(export));
      state.addProperty("host", host);
      state.addProperty("port", port);
      return Base64.getEncoder().encodeToString(state.toString().getBytes(UTF_8));
    }

    static State decode(String encoded) throws BadRequest {
      try {
        JsonObject state = Json.parse(new String(Base64.getDecoder().decode(encoded), UTF_8));
        String host = Json.text(state, "host");
        Long port = Json.number(state, "port");
        String engine = Json.text(state, "engine_id");
        String requestId = Json.text(state, "request_id");
        List<Long> blocks = Json.numbers(state, "block_ids");
        if (host != null && port != null && engine != null && requestId != null && blocks != null) {
          return new State(host, port, new Export(engine, requestId, blocks));
        }
      } catch (IllegalArgumentException | JsonParseException | IllegalStateException e) {
        // As below.
      }
      throw new BadRequest("encoded_opaque_state is not what a context server gave");
    }
  }
}
