package io.pointsman.e2e.modelserver;

import static io.pointsman.e2e.modelserver.ServerPair.body;
import static io.pointsman.e2e.modelserver.ServerPair.kvTransfer;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SglangTransferTest {
  private static final long ROOM = Long.MAX_VALUE;

  private final ServerPair pair = new ServerPair(Protocol.SGLANG, Duration.ofSeconds(60));

  @AfterEach
  void stop() {
    pair.close();
  }

  /** What both servers get. */
  private static JsonObject inRoom(ServerPair pair, long room) {
    return body(
        b -> {
          b.addProperty("bootstrap_host", "127.0.0.1");
          b.addProperty("bootstrap_port", pair.prefill.sidePort());
          b.addProperty("bootstrap_room", room);
        });
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void whoeverComesFirstWaitsForTheOther(boolean prefillFirst) throws Exception {
    JsonObject body = inRoom(pair, ROOM);
    var servers =
        prefillFirst ? List.of(pair.prefill, pair.decode) : List.of(pair.decode, pair.prefill);
    CompletableFuture<HttpResponse<String>> first = pair.postAsync(servers.get(0), body);
    Await.until("the room is open", ServerPair.LIMIT, () -> pair.prefill.waitingTransfers() == 1);
    assertThat(first).isNotDone();

    HttpResponse<String> second = pair.post(servers.get(1), body);

    HttpResponse<String> prefilled = prefillFirst ? first.get() : second;
    HttpResponse<String> decoded = prefillFirst ? second : first.get();
    assertThat(kvTransfer(prefilled)).isEqualTo("prefill");
    assertThat(prefilled.body()).contains("\"completion_tokens\":1");
    assertThat(kvTransfer(decoded)).isEqualTo("fetched");
    assertThat(decoded.body()).contains(ServerPair.text());
    assertThat(pair.prefill.waitingTransfers()).isZero();
    assertThat(pair.decode.fetchedRequests()).isEqualTo(1);
  }

  @Test
  void aSideThatIsLeftAloneFailsWhenItsPatienceEnds() throws Exception {
    try (var hasty = new ServerPair(Protocol.SGLANG, Duration.ofMillis(100))) {
      JsonObject body = inRoom(hasty, 1);
      assertThat(hasty.post(hasty.decode, body).statusCode()).isEqualTo(500);
      Await.until(
          "the room is closed", ServerPair.LIMIT, () -> hasty.prefill.waitingTransfers() == 0);
      HttpResponse<String> alone = hasty.post(hasty.prefill, inRoom(hasty, 2));
      assertThat(alone.statusCode()).isEqualTo(500);
      assertThat(alone.body()).contains("nobody came to fetch");
    }
  }

  @Test
  void aRoomHasOneOfEachSide() throws Exception {
    JsonObject body = inRoom(pair, ROOM);
    CompletableFuture<HttpResponse<String>> first = pair.postAsync(pair.prefill, body);
    Await.until("the room is open", ServerPair.LIMIT, () -> pair.prefill.waitingTransfers() == 1);
    HttpResponse<String> second = pair.post(pair.prefill, body);
    assertThat(second.statusCode()).isEqualTo(500);
    assertThat(second.body()).contains("is taken");
    assertThat(pair.post(pair.decode, body).statusCode()).isEqualTo(200);
    assertThat(first.get().statusCode()).isEqualTo(200);
  }

  @Test
  void theKvCacheOfAnotherPromptFailsTheRequest() throws Exception {
    JsonObject other = inRoom(pair, ROOM);
    other.addProperty("prompt", "something else");
    CompletableFuture<HttpResponse<String>> prefilled = pair.postAsync(pair.prefill, other);
    HttpResponse<String> decoded = pair.post(pair.decode, inRoom(pair, ROOM));
    assertThat(decoded.statusCode()).isEqualTo(500);
    assertThat(decoded.body()).contains("another prompt");
    assertThat(prefilled.get().statusCode()).isEqualTo(200);
  }

  @Test
  void aPrefillServerThatIsGoneFailsTheDecodeServerAtOnce() throws Exception {
    pair.prefill.inject(new Fault.Refuse());
    HttpResponse<String> decoded = pair.post(pair.decode, inRoom(pair, ROOM));
    assertThat(decoded.statusCode()).isEqualTo(500);
    assertThat(decoded.body()).contains("no answer from");
  }

  @Test
  void aPrefillServerThatDiesFailsTheOneThatWaits() throws Exception {
    CompletableFuture<HttpResponse<String>> waits = pair.postAsync(pair.decode, inRoom(pair, ROOM));
    Await.until("the room is open", ServerPair.LIMIT, () -> pair.prefill.waitingTransfers() == 1);
    pair.prefill.inject(new Fault.Refuse());
    assertThat(waits.get().statusCode()).isEqualTo(500);
  }

  @Test
  void aStreamWhoseHeadersAreOutTellsItsFailureAsAnEvent() throws Exception {
    pair.decode.inject(new Fault.EarlyHeaders());
    pair.prefill.inject(new Fault.Refuse());
    JsonObject body = inRoom(pair, ROOM);
    body.addProperty("stream", true);
    HttpResponse<String> response = pair.post(pair.decode, body);
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).contains("data: {\"error\"").endsWith("data: [DONE]\n\n");

    pair.prefill.heal();
    body.addProperty("bootstrap_room", 2);
    CompletableFuture<HttpResponse<String>> decoded = pair.postAsync(pair.decode, body);
    assertThat(pair.post(pair.prefill, body).statusCode()).isEqualTo(200);
    assertThat(kvTransfer(decoded.get())).isEqualTo("fetched");
    assertThat(decoded.get().body()).contains("\"text\"").endsWith("data: [DONE]\n\n");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          bootstrap_room     | null        | without bootstrap room id
          bootstrap_room     | "7"         | without bootstrap room id
          bootstrap_room     | 1.5         | without bootstrap room id
          bootstrap_room     | -1          | belong together
          bootstrap_host     | null        | belong together
          bootstrap_port     | "8998"      | belong together
          kv_transfer_params | {}          | Extra inputs
          """)
  void bothSidesRefuseARequestWithoutTheirParameters(String key, String value, String message)
      throws Exception {
    JsonObject body = inRoom(pair, ROOM);
    body.add(key, JsonParser.parseString(value));
    for (SampleModelServer server : List.of(pair.prefill, pair.decode)) {
      HttpResponse<String> response = pair.post(server, body);
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(response.body()).contains(message);
    }
  }

  @Test
  void aPrefillServerRefusesARoomElsewhere() throws Exception {
    JsonObject body = inRoom(pair, ROOM);
    body.addProperty("bootstrap_port", 8998);
    HttpResponse<String> response = pair.post(pair.prefill, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("the rooms of this server are at");
  }
}
