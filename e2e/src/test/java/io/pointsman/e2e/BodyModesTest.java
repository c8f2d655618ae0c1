package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The ways in which Envoy may hand the request body over, at default limits. */
class BodyModesTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);

  /** Twice what Envoy buffers by default, as a field that no model server minds. */
  private static final String LONG = "\"user\": \"" + "x".repeat(8 << 20) + "\"";

  private static final String MODEL = "\"model\": \"alpha\"";
  private static final String REST = "\"prompt\": \"p\", \"max_tokens\": 1";

  private static final AtomicInteger received = new AtomicInteger();

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("body-modes")
            .model("alpha", 1)
            .pluginFlags(
                "--warm-up-time=0s", "--drain-grace=0s", "--trusted-model-header=x-trusted-model")
            .start();
    var models = new ArrayList<>(stack.models());
    models.add(new Model("other", List.of("127.0.0.1:" + stack.freePort()), null));
    stack.modelsFile().write(models);
    Await.until(
        "the plugin knows two models",
        LIMIT,
        () -> stack.plugin().get("/debug/endpoints").contains("other"));
    stack.servers("alpha").get(0).observe(request -> received.set(request.body().length()));
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void nothingStaysCounted() {
    stack.awaitIdle();
  }

  /**
   * Columns: what becomes of a short body; of one that is longer than Envoy buffers, with the model
   * at its begin or its end; and of a request whose model a trusted header names as well.
   */
  @ParameterizedTest
  @CsvSource({
    "None,               400, 400, 400, 200",
    "Streamed,           400, 400, 400, 200",
    "Buffered,           200, 413, 413, 413",
    "BufferedPartial,    200, 200, 413, 200",
    "FullDuplexStreamed, 200, 413, 413, 413",
  })
  void requestIsAnsweredRightly(
      String mode, int shortBody, int modelFirst, int modelLast, int modelInHeader)
      throws Exception {
    GatewayClient client = bodyMode(mode);
    check(client, "{" + MODEL + ", " + REST + "}", shortBody);
    check(client, "{" + MODEL + ", " + REST + ", " + LONG + "}", modelFirst);
    check(client, "{" + LONG + ", " + REST + ", " + MODEL + "}", modelLast);
    Ask named = Ask.of("alpha").withHeader("x-trusted-model", "alpha");
    assertThat(client.send(named).status()).isEqualTo(200);
    String body = "{" + MODEL + ", " + REST + ", " + LONG + "}";
    checked(client.post(named, body), body, modelInHeader);
  }

  private static void check(GatewayClient client, String body, int status) throws Exception {
    checked(client.post("/v1/completions", "application/json", body), body, status);
  }

  private static void checked(Reply reply, String body, int status) {
    assertThat(reply.status()).as(reply.body()).isEqualTo(status);
    if (status == 200) {
      // Whatever the plugin saw of it, the pod got all.
      assertThat(received.get()).isEqualTo(body.length());
    } else {
      assertThat(reply.header("x-error-request-body-processing")).isEqualTo("true");
      assertThat(reply.header("content-type")).startsWith("application/json");
    }
  }

  /** Returns a client whose connections are all under the new setting. */
  private static GatewayClient bodyMode(String mode) {
    stack.changeSettings(
        settings -> settings.set("gatewayPlugin.processingMode.request.body", mode));
    String wire = mode.replaceAll("(?<=[a-z])(?=[A-Z])", "_").toUpperCase(Locale.ROOT);
    stack
        .envoy()
        .awaitUntil(
            "has body mode " + mode,
            LIMIT,
            () -> {
              String dump = stack.envoy().configDump();
              boolean inForce =
                  mode.equals("None")
                      ? !dump.contains("\"request_body_mode\"")
                      : dump.contains("\"request_body_mode\": \"" + wire + "\"");
              return inForce && !dump.contains("warming_state");
            });
    return stack.newClient();
  }
}
