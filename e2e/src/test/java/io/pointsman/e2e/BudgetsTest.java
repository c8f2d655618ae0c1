package io.pointsman.e2e;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Budgets as clients meet them: two replicas behind one Envoy, sharing a Redis. */
class BudgetsTest {
  private static final Duration LIMIT = Duration.ofSeconds(40);
  private static final int REQUESTS_PER_MINUTE = 20;
  private static final int REQUESTS_PER_SECOND = 50;
  private static final int FEW = 5;

  private static final String PROFILES =
      """
      {"profiles": {"default": {}, "two": {"requestsInflight": 2}, "short": {"timeoutSeconds": 1}, \
      "fifty": {"requestsPerSecond": %d}}}"""
          .formatted(REQUESTS_PER_SECOND);

  @TempDir private static Path folder;

  private static Stack stack;

  @BeforeAll
  static void start() throws Exception {
    Path keys = folder.resolve("keys.yaml");
    Files.writeString(
        keys,
        "keys:\n"
            + key("by-requests", "requestsPerMinute: " + REQUESTS_PER_MINUTE)
            + key("few", "requestsPerMinute: " + FEW)
            + key("by-tokens", "tokensPerMinute: 3000")
            + key("unlimited", ""));
    stack =
        Stack.named("budgets")
            .model(
                "alpha",
                2,
                ServerSettings.instant("alpha").withDecodeRate(100),
                InetAddress.getLoopbackAddress(),
                PROFILES)
            .plugins(2)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s", "--api-keys-file=" + keys)
            .start();
    var models = new ArrayList<>(stack.models());
    models.add(new Model("nowhere", List.of("127.0.0.1:" + stack.freePort()), null));
    stack.modelsFile().write(models);
    for (PluginProcess plugin : stack.plugins()) {
      Await.until(
          "both know all models",
          LIMIT,
          () -> plugin.endpoints().getModelsCount() == models.size());
      Await.until(
          "both share budgets", LIMIT, () -> plugin.metric("pointsman_limit_replicas") == 2);
    }
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  private static String key(String name, String limits) throws Exception {
    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(name.getBytes(StandardCharsets.UTF_8));
    return "  - {name: %s, sha256: %s%s}\n"
        .formatted(name, HexFormat.of().formatHex(hash), limits.isEmpty() ? "" : ", " + limits);
  }

  private static Ask ask(String key) {
    return Ask.of("alpha").withMaxTokens(1).withHeader("authorization", "Bearer " + key);
  }

  private static Reply send(Ask ask) {
    try {
      return stack.client().send(ask);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static int number(Reply reply, String header) {
    return Integer.parseInt(requireNonNull(reply.header(header), header));
  }

  /** Counts begin anew with each minute, which must not happen in the middle of a test. */
  private static void awaitTheBeginningOfAMinute() {
    Await.until("a minute begins", LIMIT, () -> System.currentTimeMillis() % 60_000 < 30_000);
  }

  @Test
  void bothReplicasTogetherServeExactlyTheBudgetOfAMinute() {
    awaitTheBeginningOfAMinute();
    var replies = new ArrayList<Reply>();
    for (int i = 0; i < 3 * REQUESTS_PER_MINUTE; i++) {
      replies.add(send(ask("by-requests")));
    }

    List<Reply> served = replies.stream().filter(reply -> reply.status() == 200).toList();
    assertThat(served).hasSize(REQUESTS_PER_MINUTE);
    assertThat(served)
        .allSatisfy(
            reply -> {
              assertThat(number(reply, "x-ratelimit-limit-requests"))
                  .isEqualTo(REQUESTS_PER_MINUTE);
              assertThat(number(reply, "x-ratelimit-remaining-requests"))
                  .isBetween(0, REQUESTS_PER_MINUTE - 1);
              assertThat(reply.header("x-ratelimit-reset-requests")).endsWith("s");
            });
    assertThat(replies)
        .filteredOn(reply -> reply.status() != 200)
        .allSatisfy(
            reply -> {
              assertThat(reply.status()).isEqualTo(429);
              assertThat(reply.header("x-error-rpm-exceeded")).isEqualTo("true");
              assertThat(number(reply, "x-ratelimit-remaining-requests")).isZero();
              assertThat(number(reply, "retry-after")).isBetween(1, 60);
              assertThat(reply.body()).contains("\"code\":\"rate_limit_exceeded\"");
            });
    assertThat(send(ask("unlimited")).status()).isEqualTo(200);
  }

  @Test
  void aSecondIsNeverOverAndNearlyAllOfItIsServed() {
    Map<Long, Integer> served = new HashMap<>();
    long end = System.currentTimeMillis() + 4_000;
    while (System.currentTimeMillis() < end) {
      var asked = new ArrayList<CompletableFuture<Reply>>();
      for (int i = 0; i < 10; i++) {
        asked.add(stack.client().sendAsync(ask("unlimited").withHeader("config-profile", "fifty")));
      }
      for (CompletableFuture<Reply> reply : asked) {
        if (reply.join().status() == 200) {
          served.merge(System.currentTimeMillis() / 1_000, 1, Integer::sum);
        } else {
          assertThat(reply.join().header("x-error-model-rps-exceeded")).isEqualTo("true");
        }
      }
    }

    // When an answer is here says about when it was admitted: only sums are sure.
    int all = served.values().stream().mapToInt(n -> n).sum();
    assertThat(all)
        .isLessThanOrEqualTo((served.size() + 1) * REQUESTS_PER_SECOND)
        .isGreaterThanOrEqualTo((served.size() - 2) * REQUESTS_PER_SECOND * 97 / 100);
  }

  @Test
  void streamsAreChargedByWhatTheyUsed() throws Exception {
    awaitTheBeginningOfAMinute();
    Ask ask = ask("by-tokens").withPath("/v1/chat/completions");
    String blind =
        "{\"model\":\"alpha\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}],\"stream\":true}";
    Reply refused = stack.client().post(ask, blind);
    assertThat(refused.status()).isEqualTo(400);
    assertThat(refused.header("x-error-no-stream-options-include-usage")).isNotNull();

    // Without max_tokens each is charged over 1024 of 3000 tokens, and uses a few.
    String body =
        """
        {"model":"alpha","messages":[{"role":"user","content":"hi"}],"stream":true,\
        "stream_options":{"include_usage":true}}""";
    for (int i = 0; i < 10; i++) {
      Await.until(
          "what was not used is there again",
          LIMIT,
          () -> {
            Reply reply = stack.client().post(ask, body);
            boolean served = reply.status() == 200;
            assertThat(reply.status()).as(reply.body()).isIn(200, 429);
            assertThat(reply.header(served ? "target-pod" : "x-error-tpm-exceeded")).isNotNull();
            assertThat(number(reply, "x-ratelimit-limit-tokens")).isEqualTo(3_000);
            return served && reply.body().contains("\"usage\"");
          });
    }
  }

  @Test
  void requestsThatCannotReachTheirPodCostNothing() {
    awaitTheBeginningOfAMinute();
    for (int i = 0; i < 2 * FEW; i++) {
      Reply reply =
          send(Ask.of("nowhere").withMaxTokens(1).withHeader("authorization", "Bearer few"));
      assertThat(reply.status()).as(reply.body()).isEqualTo(503);
      assertThat(reply.header("target-pod")).isNotNull();
    }

    int served = 0;
    for (int i = 0; i < 3 * FEW; i++) {
      served += send(ask("few")).status() == 200 ? 1 : 0;
    }

    assertThat(served).isEqualTo(FEW);
  }

  @Test
  void requestsInFlightAreCountedOverBothReplicas() throws Exception {
    Ask slow =
        Ask.of("alpha")
            .withMaxTokens(2_000)
            .streaming()
            .withHeader("authorization", "Bearer unlimited")
            .withHeader("config-profile", "two");
    HttpResponse<InputStream> first = stack.client().open(slow);
    HttpResponse<InputStream> second = stack.client().open(slow);
    assertThat(first.statusCode()).isEqualTo(200);
    assertThat(second.statusCode()).isEqualTo(200);

    for (int i = 0; i < 10; i++) {
      Reply third = send(slow);
      assertThat(third.status()).isEqualTo(429);
      assertThat(third.header("x-error-model-inflight-exceeded")).isEqualTo("true");
    }
    first.body().close();
    second.body().close();

    Ask quick = ask("unlimited").withHeader("config-profile", "two");
    Await.until("there is room again", LIMIT, () -> send(quick).status() == 200);
  }

  @Test
  void aRequestThatTakesLongerThanItsProfileAllowsGets504() {
    Ask slow = ask("unlimited").withMaxTokens(2_000).withHeader("config-profile", "short");

    Reply reply = send(slow);

    assertThat(reply.status()).isEqualTo(504);
    assertThat(reply.header("x-error-routing")).isEqualTo("true");
    assertThat(reply.body()).contains("\"code\":\"timeout\"");
  }
}
