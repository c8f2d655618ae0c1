package io.pointsman.e2e.modelserver;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.pointsman.e2e.harness.Await;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SampleModelServerTest extends RunningModelServer {
  @Test
  void aChatAnswerSaysWhoServedItAndWhatItUsed() throws Exception {
    HttpResponse<String> response = post("/v1/chat/completions", CHAT.formatted(""));
    JsonObject body = json(response.body());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue("x-served-by")).contains(server.address());
    assertThat(body.get("served_by").getAsString()).isEqualTo(server.address());
    assertThat(body.get("object").getAsString()).isEqualTo("chat.completion");
    assertThat(body.get("model").getAsString()).isEqualTo("m");
    assertThat(at(body, "choices", 0, "message", "content").getAsString()).hasSize(12);
    assertThat(at(body, "usage", "completion_tokens").getAsInt()).isEqualTo(3);
    assertThat(at(body, "usage", "prompt_tokens").getAsInt()).isPositive();
    assertThat(at(body, "usage", "prompt_tokens_details", "cached_tokens").getAsInt()).isZero();
  }

  @Test
  void theSameRequestGetsTheSameWordsAndFindsItsPromptCached() throws Exception {
    String request =
        """
        {"model": "m", "prompt": "%s"}"""
            .formatted("all work and no play ".repeat(40));
    JsonObject first = json(post("/v1/completions", request).body());
    JsonObject second = json(post("/v1/completions", request).body());
    assertThat(at(second, "choices", 0, "text")).isEqualTo(at(first, "choices", 0, "text"));
    // 840 bytes: 13 full blocks of 16 tokens.
    assertThat(at(second, "usage", "prompt_tokens").getAsInt()).isEqualTo(210);
    assertThat(at(second, "usage", "prompt_tokens_details", "cached_tokens").getAsInt())
        .isEqualTo(208);
    assertThat(server.cachedTokens()).isEqualTo(208);
  }

  @Test
  void theNextTurnFindsTheAnswersBlocksToo() throws Exception {
    String question = "{\"role\": \"user\", \"content\": \"%s\"}".formatted("x".repeat(400));
    String turn =
        """
        {"model": "m", "max_tokens": 64, "messages": [%s]}""";
    JsonObject first = json(post("/v1/chat/completions", turn.formatted(question)).body());
    JsonElement answer = at(first, "choices", 0, "message");
    String next = turn.formatted(question + "," + answer + "," + question);
    JsonObject second = json(post("/v1/chat/completions", next).body());
    int firstPrompt = at(first, "usage", "prompt_tokens").getAsInt();
    assertThat(at(second, "usage", "prompt_tokens_details", "cached_tokens").getAsInt())
        .isGreaterThan(firstPrompt + 40);
  }

  @Test
  void aStreamedChatEndsWithUsageIfAskedForAndDone() throws Exception {
    String options = ", \"stream\": true, \"stream_options\": {\"include_usage\": true}";
    HttpResponse<String> response = post("/v1/chat/completions", CHAT.formatted(options));
    assertThat(response.headers().firstValue("content-type"))
        .hasValueSatisfying(type -> assertThat(type).startsWith("text/event-stream"));
    List<String> data = data(response.body());
    // Role, three tokens, finish, usage, done.
    assertThat(data).hasSize(7).last().isEqualTo("[DONE]");
    JsonObject usage = json(data.get(5));
    assertThat(usage.getAsJsonArray("choices")).isEmpty();
    assertThat(at(usage, "usage", "completion_tokens").getAsInt()).isEqualTo(3);
    assertThat(at(json(data.get(0)), "choices", 0, "delta", "role").getAsString())
        .isEqualTo("assistant");
    assertThat(at(json(data.get(4)), "choices", 0, "finish_reason").getAsString())
        .isEqualTo("length");
  }

  @Test
  void aStreamHasNoUsageUnlessAskedFor() throws Exception {
    String body = post("/v1/chat/completions", CHAT.formatted(", \"stream\": true")).body();
    assertThat(body).doesNotContain("\"usage\"").endsWith("data: [DONE]\n\n");
    assertThat(streamedText(body)).isEqualTo(wholeText(CHAT.formatted("")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          /v1/completions | {"model":"m","prompt":[1,2,3]}                          | text_completion
          /v1/completions | {"model":"m","prompt":["one","two"]}                    | text_completion
          /v1/embeddings  | {"model":"m","input":["one","two"]}                     | embedding
          /v1/rerank      | {"model":"m","query":"q","documents":["a","b"]}         | relevance_score
          /v1/score       | {"model":"m","text_1":"a","text_2":["b","c"]}           | score
          /v1/classify    | {"model":"m","input":"a"}                               | LABEL_0
          /v1/responses   | {"model":"m","input":"hi","instructions":"be brief"}    | output_text
          /v1/messages    | {"model":"m","max_tokens":4,"system":"s","messages":[]} | end_turn|
          """)
  void everyApiAnswers(String path, String request, String expected) throws Exception {
    HttpResponse<String> response = post(path, request);
    assertThat(response.statusCode()).isEqualTo(200);
    String something = expected.equals("end_turn") ? "max_tokens" : expected;
    assertThat(response.body()).contains(something).contains(server.address());
  }

  @Test
  void responsesStreamNamedEventsAndUsageInTheLast() throws Exception {
    String request =
        """
        {"model": "m", "input": "hi", "max_output_tokens": 2, "stream": true}""";
    String body = post("/v1/responses", request).body();
    assertThat(body)
        .startsWith("event: response.created\n")
        .contains("event: response.output_text.delta\n")
        .contains("event: response.completed\n");
    JsonObject last = json(data(body).get(data(body).size() - 1));
    assertThat(at(last, "response", "usage", "output_tokens").getAsInt()).isEqualTo(2);
  }

  @Test
  void messagesStreamAnthropicsEvents() throws Exception {
    String request =
        """
        {"model": "m", "max_tokens": 2, "stream": true, "messages": [{"role": "user", "content": [{"type": "text", "text": "hi"}]}]}""";
    String body = post("/v1/messages", request).body();
    assertThat(body.lines().filter(line -> line.startsWith("event: ")))
        .containsExactly(
            "event: message_start",
            "event: content_block_start",
            "event: content_block_delta",
            "event: content_block_delta",
            "event: content_block_stop",
            "event: message_delta",
            "event: message_stop");
    assertThat(body).contains("\"output_tokens\":2");
  }

  @Test
  void transcriptionsTakeAForm() throws Exception {
    String form =
        """
        --b\r
        Content-Disposition: form-data; name="file"; filename="a.wav"\r
        Content-Type: audio/wav\r
        \r
        RIFF----WAVE\r
        --b\r
        Content-Disposition: form-data; name="model"\r
        \r
        m\r
        --b--\r
        """;
    var request =
        HttpRequest.newBuilder(uri("/v1/audio/transcriptions"))
            .header("content-type", "multipart/form-data; boundary=b")
            .POST(BodyPublishers.ofString(form));
    HttpResponse<String> response = client.send(request.build(), BodyHandlers.ofString());
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(json(response.body()).get("text").getAsString()).isNotEmpty();
    assertThat(post("/v1/audio/transcriptions", "{}").statusCode()).isEqualTo(400);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          {"model":"x","prompt":"p"}                | 404 | The model `x` does not exist.
          {"model":"m","prompt":"p"                 | 400 | There was an error parsing the body
          []                                        | 400 | Input should be a valid dictionary
          {"prompt":"p"}                            | 400 | Field required: model
          {"model":7,"prompt":"p"}                  | 400 | Input should be a valid string: model
          {"model":"m"}                             | 400 | Field required: prompt
          {"model":"m","prompt":"p","max_tokens":0} | 400 | max_tokens must be at least 1, got 0.
          """)
  void aBadRequestGetsVllmsErrorBody(String request, int status, String message) throws Exception {
    HttpResponse<String> response = post("/v1/completions", request);
    assertThat(response.statusCode()).isEqualTo(status);
    JsonObject body = json(response.body());
    assertThat(at(body, "error", "message").getAsString()).isEqualTo(message);
    assertThat(at(body, "error", "code").getAsInt()).isEqualTo(status);
  }

  @Test
  void anUnknownPathOrMethodIsRefusedAsFastApiDoes() throws Exception {
    assertThat(get("/v1/nothing").statusCode()).isEqualTo(404);
    assertThat(get("/v1/completions").statusCode()).isEqualTo(405);
  }

  @Test
  void healthModelsAndMetricsAnswer() throws Exception {
    post("/v1/chat/completions", CHAT.formatted(""));
    assertThat(get("/health").statusCode()).isEqualTo(200);
    JsonArray models = json(get("/v1/models").body()).getAsJsonArray("data");
    assertThat(models)
        .extracting(m -> m.getAsJsonObject().get("id").getAsString())
        .containsExactly("m", "n");
    assertThat(get("/metrics").body())
        .contains("vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n")
        .contains("vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0\n")
        .contains("vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"m\"} 0.0\n")
        .contains("vllm:prefix_cache_queries_total")
        .contains("vllm:prefix_cache_hits_total")
        .contains("vllm:generation_tokens_total{engine=\"0\",model_name=\"m\"} 3\n");
  }

  @Test
  void aThousandStreamsRunAtOnce() throws Exception {
    server.inject(new Fault.Hang(Fault.Stage.AFTER_FIRST_BYTES));
    var answers = new ArrayList<CompletableFuture<HttpResponse<String>>>();
    for (int i = 0; i < 1000; i++) {
      answers.add(
          client.sendAsync(
              request("/v1/chat/completions", CHAT.formatted(", \"stream\": true")),
              BodyHandlers.ofString()));
    }
    Await.until("all have begun", LIMIT, () -> server.hungRequests() == 1000);
    assertThat(server.peakInFlight()).isEqualTo(1000);
    assertThat(server.connections()).isEqualTo(1000);
    server.heal();
    for (var answer : answers) {
      assertThat(answer.get().body()).endsWith("data: [DONE]\n\n");
    }
  }

  @Test
  void anObserverSeesHeadersAndBodyAsTheyCame() throws Exception {
    var seen = new CompletableFuture<ReceivedRequest>();
    server.observe(seen::complete);
    post("/v1/chat/completions?trace=1", CHAT.formatted(""));
    ReceivedRequest request = seen.get();
    assertThat(request.method()).isEqualTo("POST");
    assertThat(request.target()).isEqualTo("/v1/chat/completions?trace=1");
    assertThat(request.headers()).containsEntry("content-type", List.of("application/json"));
    assertThat(request.body()).isEqualTo(CHAT.formatted(""));
  }

  private String wholeText(String request) throws Exception {
    JsonObject body = json(post("/v1/chat/completions", request).body());
    return at(body, "choices", 0, "message", "content").getAsString();
  }

  private static String streamedText(String events) {
    var text = new StringBuilder();
    for (String data : data(events)) {
      if (!data.equals("[DONE]")) {
        JsonElement content =
            at(json(data), "choices", 0, "delta").getAsJsonObject().get("content");
        text.append(content == null ? "" : content.getAsString());
      }
    }
    return text.toString();
  }

  private static List<String> data(String events) {
    return events.lines().filter(l -> l.startsWith("data: ")).map(l -> l.substring(6)).toList();
  }
}
