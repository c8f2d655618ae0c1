package io.pointsman.e2e.modelserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.e2e.harness.Await;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Faults that are switched on while a sample model server runs. */
class ModelServerFaultsTest extends RunningModelServer {
  @ParameterizedTest
  @ValueSource(ints = {500, 502, 503, 504})
  void aStatusFaultAnswersWithThatStatus(int status) throws Exception {
    server.inject(new Fault.Status(status));
    HttpResponse<String> response = post("/v1/chat/completions", CHAT.formatted(""));
    assertThat(response.statusCode()).isEqualTo(status);
    assertThat(at(json(response.body()), "error", "code").getAsInt()).isEqualTo(status);
    assertThat(get("/health").statusCode()).isEqualTo(200);
    server.heal();
    assertThat(post("/v1/chat/completions", CHAT.formatted("")).statusCode()).isEqualTo(200);
  }

  @Test
  void aRefusingServerHasItsPortClosedAndOpensItAgain() throws Exception {
    server.inject(new Fault.Refuse());
    assertThatThrownBy(() -> post("/v1/chat/completions", CHAT.formatted("")))
        .isInstanceOf(ConnectException.class);
    server.heal();
    assertThat(post("/v1/chat/completions", CHAT.formatted("")).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", \"stream\": true"})
  void aResetBeforeTheHeadersCutsTheConnection(String stream) {
    server.inject(new Fault.Reset(Fault.Stage.BEFORE_HEADERS));
    assertThatThrownBy(() -> post("/v1/chat/completions", CHAT.formatted(stream)))
        .isInstanceOf(IOException.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", \"stream\": true"})
  void aResetAfterTheFirstBytesComesAfterThem(String stream) throws Exception {
    server.inject(new Fault.Reset(Fault.Stage.AFTER_FIRST_BYTES));
    HttpResponse<InputStream> response = open(CHAT.formatted(stream));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThatThrownBy(() -> response.body().readAllBytes()).isInstanceOf(IOException.class);
    Await.until("nothing is in flight", LIMIT, () -> server.inFlight() == 0);
  }

  @ParameterizedTest
  @EnumSource
  void whatHangsGoesOnWhenReleased(Fault.Stage stage) throws Exception {
    server.inject(new Fault.Hang(stage));
    var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    for (String stream : List.of("", ", \"stream\": true")) {
      answers.add(
          client.sendAsync(
              request("/v1/chat/completions", CHAT.formatted(stream)), BodyHandlers.ofString()));
    }
    Await.until("both hang", LIMIT, () -> server.hungRequests() == 2);
    assertThat(answers).noneMatch(CompletableFuture::isDone);
    assertThat(server.inFlight()).isEqualTo(2);
    server.inject(new Fault.Slow(Duration.ZERO));
    assertThat(server.release(1)).isEqualTo(1);
    assertThat(server.hungRequests()).isEqualTo(1);
    server.heal();
    for (var answer : answers) {
      assertThat(answer.get().statusCode()).isEqualTo(200);
      assertThat(answer.get().body()).containsAnyOf("[DONE]", "\"usage\"");
    }
    Await.until("nothing is in flight", LIMIT, () -> server.inFlight() == 0);
  }

  @Test
  void aStreamWhoseClientLeavesIsAborted() throws Exception {
    server.inject(new Fault.Hang(Fault.Stage.AFTER_FIRST_BYTES));
    HttpResponse<InputStream> response = open(CHAT.formatted(", \"stream\": true"));
    response.body().close();
    Await.until(
        "the server notices when it writes",
        LIMIT,
        () -> {
          server.heal();
          return server.inFlight() == 0;
        });
  }

  @Test
  void garbageIsNoHttpAndEndsTheConnection() throws Exception {
    server.inject(new Fault.Garbage());
    assertThatThrownBy(() -> post("/v1/chat/completions", CHAT.formatted("")))
        .isInstanceOf(IOException.class);
    server.heal();
    assertThat(post("/v1/chat/completions", CHAT.formatted("")).statusCode()).isEqualTo(200);
  }

  @Test
  void anOversizedAnswerIsAsLongAsAsked() throws Exception {
    server.inject(new Fault.Oversized(3_000_001));
    HttpResponse<String> response = post("/v1/chat/completions", CHAT.formatted(""));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.body()).hasSize(3_000_001);
    assertThat(json(response.body()).keySet()).containsExactly("filler");
  }

  @Test
  void anOversizedAnswerThatNobodyTakesEnds() throws Exception {
    server.inject(new Fault.Oversized(1_000_000_000_000L));
    open(CHAT.formatted("")).body().close();
    Await.until("nothing is in flight", LIMIT, () -> server.inFlight() == 0);
  }

  @Test
  void eachNthRequestMeetsTheFault() throws Exception {
    server.inject(new Fault.EachNth(3, new Fault.Status(500)));
    var statuses = new ArrayList<Integer>();
    for (int i = 0; i < 6; i++) {
      statuses.add(post("/v1/chat/completions", CHAT.formatted("")).statusCode());
    }
    assertThat(statuses).containsExactly(200, 200, 500, 200, 200, 500);
  }
}
