package io.pointsman.e2e.modelserver;

import static io.pointsman.e2e.modelserver.RunningModelServer.at;
import static io.pointsman.e2e.modelserver.RunningModelServer.json;
import static io.pointsman.e2e.modelserver.ServerPair.body;
import static io.pointsman.e2e.modelserver.ServerPair.kvTransfer;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VllmTransferTest {
  private static final String PARAMETERS = "kv_transfer_params";
  private static final String SKELETON =
      """
      {"do_remote_decode": true, "do_remote_prefill": false, "remote_engine_id": null,
       "remote_block_ids": null, "remote_host": null, "remote_port": null}""";

  private final ServerPair pair = new ServerPair(Protocol.VLLM, Duration.ofSeconds(60));

  @AfterEach
  void stop() {
    pair.close();
  }

  private static JsonObject prefillBody() {
    return body(
        b -> {
          b.addProperty("max_tokens", 1);
          b.add(PARAMETERS, json(SKELETON));
        });
  }

  /** Has a prompt computed, and returns what the decode server is to be told. */
  private JsonObject names() throws Exception {
    HttpResponse<String> response = pair.post(pair.prefill, prefillBody());
    assertThat(kvTransfer(response)).isEqualTo("prefill");
    return json(response.body()).getAsJsonObject(PARAMETERS);
  }

  private HttpResponse<String> decode(JsonElement names) throws Exception {
    return pair.post(pair.decode, body(b -> b.add(PARAMETERS, names)));
  }

  @Test
  void theDecodeServerFetchesWhatThePrefillServerHasComputed() throws Exception {
    JsonObject names = names();
    assertThat(pair.prefill.waitingTransfers()).isEqualTo(1);

    HttpResponse<String> response = decode(names);

    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(kvTransfer(response)).isEqualTo("fetched");
    JsonObject answer = json(response.body());
    assertThat(at(answer, "choices", 0, "text").getAsString()).isEqualTo(ServerPair.text());
    assertThat(at(answer, "usage", "prompt_tokens_details", "cached_tokens").getAsInt())
        .isEqualTo(ServerPair.PROMPT_TOKENS - 1);
    assertThat(answer.has(PARAMETERS)).isFalse();
    assertThat(pair.prefill.waitingTransfers()).isZero();
    assertThat(pair.prefill.prefilledRequests()).isEqualTo(1);
    assertThat(pair.decode.fetchedRequests()).isEqualTo(1);
    assertThat(pair.decode.recomputedRequests()).isZero();
  }

  @Test
  void aStreamSaysSoToo() throws Exception {
    JsonObject names = names();
    HttpResponse<String> response =
        pair.post(
            pair.decode,
            body(
                b -> {
                  b.add(PARAMETERS, names);
                  b.addProperty("stream", true);
                }));
    assertThat(kvTransfer(response)).isEqualTo("fetched");
    assertThat(response.body()).endsWith("data: [DONE]\n\n");
  }

  @Test
  void aKvCacheIsFetchedOnce() throws Exception {
    JsonObject names = names();
    assertThat(decode(names).statusCode()).isEqualTo(200);
    HttpResponse<String> again = decode(names);
    assertThat(again.statusCode()).isEqualTo(500);
    assertThat(again.body()).contains("fetched or expired");
  }

  @Test
  void aKvCacheThatNobodyFetchesExpires() throws Exception {
    try (var hasty = new ServerPair(Protocol.VLLM, Duration.ofMillis(1))) {
      HttpResponse<String> response = hasty.post(hasty.prefill, prefillBody());
      JsonObject names = json(response.body()).getAsJsonObject(PARAMETERS);
      Await.until("it expires", ServerPair.LIMIT, () -> hasty.prefill.waitingTransfers() == 0);
      assertThat(decode(names).statusCode()).isEqualTo(500);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "do_remote_prefill",
        "remote_engine_id",
        "remote_block_ids",
        "remote_request_id",
        "remote_host",
        "remote_port"
      })
  void withoutAllNamesThePromptIsComputedAgain(String missing) throws Exception {
    JsonObject names = names();
    names.remove(missing);
    HttpResponse<String> response = decode(names);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(kvTransfer(response)).isEqualTo("recomputed");
    assertThat(pair.decode.recomputedRequests()).isEqualTo(1);
    assertThat(pair.prefill.waitingTransfers()).isEqualTo(1);
  }

  @Test
  void aPlainRequestIsComputedAgainAndSaysSo() throws Exception {
    assertThat(kvTransfer(pair.post(pair.decode, body(b -> {})))).isEqualTo("recomputed");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          remote_engine_id  | "another"         | this is not engine another
          remote_request_id | "cmpl-0"          | no KV cache of request cmpl-0
          remote_block_ids  | [70]              | other blocks
          remote_block_ids  | []                | other blocks
          remote_port       | 1                 | no answer
          remote_host       | "no host"         | no address
          """)
  void wrongNamesFailTheRequest(String name, String value, String message) throws Exception {
    JsonObject names = names();
    JsonElement right = names.get(name);
    names.add(name, JsonParser.parseString(value));
    HttpResponse<String> response = decode(names);
    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.body()).contains(message);

    names.add(name, right);
    assertThat(kvTransfer(decode(names))).isEqualTo("fetched");
  }

  @Test
  void theKvCacheOfAnotherPromptFailsTheRequest() throws Exception {
    JsonObject names = names();
    HttpResponse<String> response =
        pair.post(
            pair.decode,
            body(
                b -> {
                  b.add(PARAMETERS, names);
                  b.addProperty("prompt", "something else");
                }));
    assertThat(response.statusCode()).isEqualTo(500);
    assertThat(response.body()).contains("another prompt");
  }

  @Test
  void aKilledPrefillServerTakesItsKvCachesAlong() throws Exception {
    JsonObject names = names();
    pair.prefill.inject(new Fault.Refuse());
    assertThat(decode(names).statusCode()).isEqualTo(500);
    pair.prefill.heal();
    assertThat(decode(names).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          max_tokens            | 2                        | max_tokens must be 1
          max_tokens            | null                     | max_tokens must be 1
          max_completion_tokens | 20                       | max_tokens must be 1
          stream                | true                     | stream must be false
          stream_options        | {"include_usage": true}  | Stream options
          min_tokens            | 5                        | min_tokens
          kv_transfer_params    | null                     | do_remote_decode must be true
          kv_transfer_params    | []                       | valid dictionary
          kv_transfer_params    | {"do_remote_decode": true, "remote_host": "h"} | nothing is remote
          bootstrap_room        | 7                        | Extra inputs
          disaggregated_params  | {}                       | Extra inputs
          disagg_prefill_resp   | {}                       | Extra inputs
          """)
  void aPrefillServerRefusesWhatAsksForMoreThanAPrompt(String key, String value, String message)
      throws Exception {
    JsonObject body = prefillBody();
    body.add(key, JsonParser.parseString(value));
    HttpResponse<String> response = pair.post(pair.prefill, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains(message);
    assertThat(pair.prefill.waitingTransfers()).isZero();
  }

  @Test
  void aDecodeServerComputesNothingForOthers() throws Exception {
    HttpResponse<String> response = pair.post(pair.decode, prefillBody());
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("computes nothing for others");
  }

  @Test
  void eachKvCacheHasBlocksOfItsOwn() throws Exception {
    JsonArray first = names().getAsJsonArray("remote_block_ids");
    JsonArray second = names().getAsJsonArray("remote_block_ids");
    assertThat(first.asList()).hasSize(1).doesNotContainAnyElementsOf(second.asList());
  }

  @Test
  void anotherPrefillServerKnowsNothingOfIt() throws Exception {
    JsonObject names = names();
    try (SampleModelServer other =
        pair.start(new Disaggregation(Protocol.VLLM, Role.PREFILL, ServerPair.LIMIT))) {
      names.addProperty("remote_port", other.sidePort());
      HttpResponse<String> response = decode(names);
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(response.body()).contains("this is not engine");
    }
  }

  @Test
  void inTheOtherFormTheDecodeServerGetsTheWholeAnswer() throws Exception {
    try (var neuron = new ServerPair(Protocol.VLLM_RESPONSE, Duration.ofSeconds(60))) {
      assertThat(neuron.post(neuron.prefill, prefillBody()).statusCode()).isEqualTo(400);

      HttpResponse<String> prefilled =
          neuron.post(neuron.prefill, body(b -> b.addProperty("max_tokens", 1)));
      assertThat(kvTransfer(prefilled)).isEqualTo("prefill");
      JsonObject answer = json(prefilled.body());
      JsonObject decodeBody = body(b -> b.add("disagg_prefill_resp", answer));

      JsonObject torn = decodeBody.deepCopy();
      torn.getAsJsonObject("disagg_prefill_resp").addProperty("id", "cmpl-0");
      assertThat(neuron.post(neuron.decode, torn).statusCode()).isEqualTo(400);
      for (String expected : List.of("fetched", "500")) {
        assertThat(kvTransfer(neuron.post(neuron.decode, decodeBody))).isEqualTo(expected);
      }
      assertThat(kvTransfer(neuron.post(neuron.decode, body(b -> {})))).isEqualTo("recomputed");
    }
  }
}
