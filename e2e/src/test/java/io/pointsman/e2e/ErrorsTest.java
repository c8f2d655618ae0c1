package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.SampleModelServer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every error of the wire contract as a client sees it through Envoy. */
class ErrorsTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final String BODY = "x-error-request-body-processing";
  private static final String COMPLETIONS = "/v1/completions";
  private static final String JSON = "application/json";

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("errors")
            .model("alpha", 1)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s", "--health-failures=1000")
            .setting("envoyPatchPolicy.route.perTryIdleTimeout", "500ms")
            .start();
    var models = new ArrayList<>(stack.models());
    models.add(new Model("empty", List.of(), null));
    stack.modelsFile().write(models);
    Await.until(
        "the plugin knows the empty model",
        LIMIT,
        () -> stack.plugin().get("/debug/endpoints").contains("empty"));
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void nothingStaysCounted() {
    server().heal();
    stack.awaitIdle();
  }

  @Test
  void anUnknownModelIs400AndNamed() throws Exception {
    Reply reply = stack.client().send(Ask.of("gpt \"x\""));
    error(reply, 400, "invalid_request_error", "model_not_found", "model");
    assertThat(reply.header("x-error-no-model-backends")).isEqualTo("gpt \"x\"");
    assertThat(message(reply)).contains("gpt \"x\"");
  }

  @Test
  void aModelWithoutEndpointsIs503WithRetryAfter() throws Exception {
    Reply reply = stack.client().send(Ask.of("empty"));
    error(reply, 503, "overloaded_error", "service_unavailable", null);
    assertThat(reply.header("x-error-no-model-backends")).isEqualTo("true");
    assertThat(reply.header("retry-after")).isNotNull();
  }

  @Test
  void anUnknownStrategyIs400() throws Exception {
    Reply reply = stack.client().send(Ask.of("alpha").withStrategy("fastest"));
    error(reply, 400, "invalid_request_error", null, null);
    assertThat(reply.header("x-error-routing")).isEqualTo("true");
    assertThat(message(reply)).startsWith("incorrect routing strategy fastest; valid are ");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"model\": \"alpha\", \"prompt\": \"p\"",
        "not json",
        "[]",
        "{\"prompt\": \"p\"}",
        "{\"model\": 7, \"prompt\": \"p\"}",
        "{\"model\": null, \"prompt\": \"p\"}",
        "{\"model\": \"\", \"prompt\": \"p\"}",
        "{\"model\": \"alpha\", \"stream\": \"yes\", \"prompt\": \"p\"}",
      })
  void aBodyThatCannotBeReadIs400(String body) throws Exception {
    Reply reply = stack.client().post(COMPLETIONS, JSON, body);
    error(reply, 400, "invalid_request_error", null, null);
    assertThat(reply.header(BODY)).isEqualTo("true");
    assertThat(message(reply)).doesNotContain(body);
  }

  @Test
  void nestingTenThousandDeepIsAnsweredAndHarmsNobody() throws Exception {
    String deep = "[".repeat(10_000) + "]".repeat(10_000);
    String body = "{\"model\": \"alpha\", \"prompt\": \"p\", \"x\": " + deep + "}";
    Reply reply = stack.client().post(COMPLETIONS, JSON, body);
    assertThat(reply.status()).isIn(200, 400);
    assertThat(stack.client().send(Ask.of("alpha")).status()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "content-length: 0\r\n"})
  void aRequestWithoutABodyIs400(String length) throws Exception {
    Reply reply = RawHttp.send(stack.envoyPort(), RawHttp.request("POST", COMPLETIONS, length));
    error(reply, 400, "invalid_request_error", null, null);
    assertThat(reply.header(BODY)).isEqualTo("true");
  }

  @ParameterizedTest
  @CsvSource({
    "multipart/form-data, x-error-multipart-parsing",
    "multipart/form-data; boundary=other, x-error-multipart-parsing",
    "application/json, x-error-request-body-processing",
  })
  void aBadFormIs400(String contentType, String header) throws Exception {
    Reply reply = stack.client().post("/v1/audio/transcriptions", contentType, "--b\r\n\r\n--b--");
    error(reply, 400, "invalid_request_error", null, null);
    assertThat(reply.header(header)).isEqualTo("true");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/unknown", "/", "/v1/completions/x", "/V1/COMPLETIONS"})
  void anUnknownPathIs501(String path) throws Exception {
    Reply reply = stack.client().post(path, JSON, Ask.of("alpha").body());
    error(reply, 501, "api_error", null, null);
    assertThat(reply.header(BODY)).isEqualTo("true");
    assertThat(message(reply)).isEqualTo("unknown request path");
  }

  @ParameterizedTest
  @CsvSource({"500", "502", "503", "504", "429", "404"})
  void anErrorOfThePodPassesAsItIs(int status) throws Exception {
    server().inject(new Fault.Status(status));
    Reply reply = stack.client().send(Ask.of("alpha"));
    assertThat(reply.status()).isEqualTo(status);
    assertThat(message(reply)).isEqualTo("injected fault");
    assertThat(reply.header("target-pod")).isEqualTo(server().address());
  }

  @Test
  void aPodThatRefusesIs503InTheContractsFormAndSaysNothingOfTheInside() throws Exception {
    server().inject(new Fault.Refuse());
    Reply reply = stack.client().send(Ask.of("alpha"));
    error(reply, 503, "overloaded_error", "service_unavailable", null);
    assertThat(reply.header("retry-after")).isNotNull();
    assertThat(reply.body()).doesNotContain("127.0.0.1").doesNotContainIgnoringCase("envoy");
  }

  @Test
  void aPodThatResetsBeforeItsHeadersIs503() throws Exception {
    server().inject(new Fault.Reset(Fault.Stage.BEFORE_HEADERS));
    error(
        stack.client().send(Ask.of("alpha")), 503, "overloaded_error", "service_unavailable", null);
  }

  @Test
  void aPodThatDoesNotSpeakHttpIs503InTheContractsFormAndSaysNothingOfTheInside() throws Exception {
    server().inject(new Fault.Garbage());
    Reply reply = stack.client().send(Ask.of("alpha"));
    error(reply, 503, "overloaded_error", "service_unavailable", null);
    assertThat(reply.header("retry-after")).isNotNull();
    assertThat(reply.body()).doesNotContainIgnoringCase("upstream").doesNotContain("protocol");
  }

  @Test
  void aPodThatSaysNothingForTooLongIs504InTheContractsForm() throws Exception {
    server().inject(new Fault.Hang(Fault.Stage.BEFORE_HEADERS));
    error(stack.client().send(Ask.of("alpha")), 504, "api_error", null, null);
  }

  private static void error(
      Reply reply, int status, String type, @Nullable String code, @Nullable String param) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(status);
    assertThat(reply.header("content-type")).startsWith(JSON);
    JsonObject error = reply.json().getAsJsonObject("error");
    assertThat(error.keySet()).containsExactlyInAnyOrder("message", "type", "code", "param");
    assertThat(error.get("type").getAsString()).isEqualTo(type);
    assertThat(text(error.get("code"))).isEqualTo(code);
    assertThat(text(error.get("param"))).isEqualTo(param);
  }

  private static String message(Reply reply) {
    return reply.json().getAsJsonObject("error").get("message").getAsString();
  }

  private static @Nullable String text(JsonElement element) {
    return element.isJsonNull() ? null : element.getAsString();
  }

  private static SampleModelServer server() {
    return stack.servers("alpha").get(0);
  }
}
