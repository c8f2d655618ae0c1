package io.pointsman.e2e.modelserver;

import static io.pointsman.e2e.modelserver.RunningModelServer.at;
import static io.pointsman.e2e.modelserver.RunningModelServer.json;
import static io.pointsman.e2e.modelserver.ServerPair.body;
import static io.pointsman.e2e.modelserver.ServerPair.kvTransfer;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TrtllmTransferTest {
  private static final String PARAMETERS = "disaggregated_params";
  private static final long ID = 9_007_199_254_740_993L;

  private final ServerPair pair = new ServerPair(Protocol.TRTLLM, Duration.ofSeconds(60));

  @AfterEach
  void stop() {
    pair.close();
  }

  private static JsonObject contextBody() {
    return body(
        b -> {
          b.addProperty("max_tokens", 1);
          b.add(PARAMETERS, Json.object("request_type", "context_only", "disagg_request_id", ID));
        });
  }

  /** Has a prompt computed, and returns the answer. */
  private JsonObject context() throws Exception {
    HttpResponse<String> response = pair.post(pair.prefill, contextBody());
    assertThat(kvTransfer(response)).isEqualTo("prefill");
    return json(response.body());
  }

  /** What the generation server is to be told after this answer. */
  private static JsonObject parameters(JsonObject answer) {
    JsonObject parameters = at(answer, "choices", 0, PARAMETERS).getAsJsonObject();
    assertThat(parameters.get("request_type").getAsString()).isEqualTo("context_only");
    parameters.addProperty("request_type", "generation_only");
    return parameters;
  }

  private HttpResponse<String> generate(JsonObject parameters) throws Exception {
    return pair.post(pair.decode, body(b -> b.add(PARAMETERS, parameters)));
  }

  @Test
  void theGenerationServerGoesOnWhereTheContextServerStopped() throws Exception {
    JsonObject parameters = parameters(context());
    assertThat(parameters.get("ctx_request_id").getAsLong()).isEqualTo(ID);
    assertThat(parameters.get("disagg_request_id").getAsLong()).isEqualTo(ID);

    HttpResponse<String> response = generate(parameters);

    assertThat(kvTransfer(response)).isEqualTo("fetched");
    assertThat(response.body()).contains(ServerPair.text());
    assertThat(pair.prefill.waitingTransfers()).isZero();
    assertThat(generate(parameters).statusCode()).as("a second time").isEqualTo(500);
  }

  @Test
  void thePromptMayComeAsTheTokensThatTheContextServerMadeOfIt() throws Exception {
    JsonObject answer = context();
    HttpResponse<String> response =
        pair.post(
            pair.decode,
            body(
                b -> {
                  b.add("prompt", answer.get("prompt_token_ids"));
                  b.add(PARAMETERS, parameters(answer));
                }));
    assertThat(kvTransfer(response)).isEqualTo("fetched");
    assertThat(response.body()).contains(ServerPair.text());
  }

  @Test
  void ofAChatTheTokensComeBesideTheMessages() throws Exception {
    JsonObject chat =
        json(
            """
            {"model": "m", "max_tokens": 1, "messages": [{"role": "user", "content": "héllo"}],
             "disaggregated_params": {"request_type": "context_only"}}""");
    JsonObject answer = json(pair.post(pair.prefill, "/v1/chat/completions", chat).body());
    chat.addProperty("max_tokens", 8);
    chat.add("prompt_token_ids", answer.get("prompt_token_ids"));
    chat.add(PARAMETERS, parameters(answer));
    HttpResponse<String> response = pair.post(pair.decode, "/v1/chat/completions", chat);
    assertThat(kvTransfer(response)).isEqualTo("fetched");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          request_type         | "context_only"
          request_type         | null
          ctx_request_id       | null
          ctx_request_id       | 9007199254740992
          encoded_opaque_state | null
          encoded_opaque_state | "e30="
          encoded_opaque_state | "?"
          first_gen_tokens     | null
          first_gen_tokens     | [7]
          """)
  void whatWasChangedOnTheWayIsRefused(String key, String value) throws Exception {
    JsonObject parameters = parameters(context());
    parameters.add(key, JsonParser.parseString(value));
    assertThat(generate(parameters).statusCode()).isEqualTo(400);
    assertThat(pair.prefill.waitingTransfers()).isEqualTo(1);
  }

  @Test
  void aRequestWithoutParametersIsServedWholeAndSaysSo() throws Exception {
    assertThat(kvTransfer(pair.post(pair.decode, body(b -> {})))).isEqualTo("recomputed");
    assertThat(pair.decode.recomputedRequests()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          disaggregated_params  | null                                  | must be context_only
          disaggregated_params  | {"request_type": "generation_only"}   | must be context_only
          disaggregated_params  | {"request_type": "context_only", "disagg_request_id": "x"} | valid integer
          max_tokens            | 2                                     | max_tokens must be 1
          max_completion_tokens | 1                                     | Extra inputs
          stream                | true                                  | stream must be false
          kv_transfer_params    | {}                                    | Extra inputs
          """)
  void aContextServerRefusesEverythingElse(String key, String value, String message)
      throws Exception {
    JsonObject body = contextBody();
    body.add(key, JsonParser.parseString(value));
    HttpResponse<String> response = pair.post(pair.prefill, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains(message);
  }
}
