package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.ReceivedRequest;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** API keys as clients and administrators meet them, with two replicas behind one Envoy. */
class ApiKeysTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);
  private static final String MASTER_KEY = "an-administrator's-own-key";
  private static final String FILE_KEY = "pm-key-of-the-file";
  private static final int ENOUGH_FOR_BOTH = 20;

  @TempDir private static Path folder;

  private static final HttpClient HTTP = HttpClient.newHttpClient();
  private static Path keysFile;
  private static Path auditLog;
  private static Path masterKeyFile;
  private static Stack stack;

  @BeforeAll
  static void start() throws Exception {
    keysFile = folder.resolve("keys.yaml");
    auditLog = folder.resolve("audit.log");
    masterKeyFile = folder.resolve("master-key");
    replace(masterKeyFile, MASTER_KEY + "\n");
    writeKeys(FILE_KEY);
    stack =
        Stack.named("api-keys")
            .model("alpha", 1)
            .plugins(2)
            .pluginFlags(
                "--warm-up-time=0s",
                "--drain-grace=0s",
                "--api-keys-file=" + keysFile,
                "--audit-log=" + auditLog,
                "--master-key-file=" + masterKeyFile)
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @AfterEach
  void nothingStaysCounted() {
    stack.awaitIdle();
  }

  /** Replaces a file in one step, as Kubernetes does with a Secret. */
  private static void replace(Path file, String text) throws IOException {
    Path next = Files.writeString(folder.resolve("next"), text);
    Files.move(next, file, StandardCopyOption.ATOMIC_MOVE);
  }

  private static String line(String name, String key, String limits) throws Exception {
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    return "  - {name: %s, sha256: %s%s}\n".formatted(name, HexFormat.of().formatHex(hash), limits);
  }

  private static void writeKeys(String... keys) throws Exception {
    var text = new StringBuilder("keys:\n");
    for (String key : keys) {
      text.append(line("file-key-" + text.length(), key, ""));
    }
    replace(keysFile, text.toString());
  }

  private static Ask ask(@Nullable String key) {
    Ask ask = Ask.of("alpha").withMaxTokens(1);
    return key == null ? ask : ask.withHeader("authorization", "Bearer " + key);
  }

  private static int status(@Nullable String key) throws IOException {
    return stack.client().send(ask(key)).status();
  }

  private static HttpResponse<String> administer(
      PluginProcess plugin, String method, String key, String query, String body) throws Exception {
    return HTTP.send(
        HttpRequest.newBuilder(URI.create(plugin.httpUri() + "/internal/api-keys" + query))
            .timeout(LIMIT)
            .header("authorization", "Bearer " + key)
            .method(method, BodyPublishers.ofString(body))
            .build(),
        BodyHandlers.ofString());
  }

  private static PluginProcess one() {
    return stack.plugins().get(0);
  }

  private static PluginProcess other() {
    return stack.plugins().get(1);
  }

  private static String create(String name) throws Exception {
    return create(name, "");
  }

  private static String create(String name, String limits) throws Exception {
    HttpResponse<String> created =
        administer(one(), "POST", MASTER_KEY, "", "{\"name\":\"%s\"%s}".formatted(name, limits));
    assertThat(created.statusCode()).as(created.body()).isEqualTo(201);
    return JsonParser.parseString(created.body()).getAsJsonObject().get("key").getAsString();
  }

  private static void awaitStored(int keys) {
    for (PluginProcess plugin : stack.plugins()) {
      Await.until(
          "a replica follows the keys of Redis",
          LIMIT,
          () -> plugin.metric("pointsman_api_keys_stored") == keys);
    }
  }

  @Test
  void aKeyMadeAtOneReplicaIsGoodAtAllUntilAnotherRevokesIt() throws Exception {
    String key = create("jobs");
    awaitStored(1);
    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      assertThat(status(key)).isEqualTo(200);
    }
    HttpResponse<String> list = administer(other(), "GET", MASTER_KEY, "", "");
    assertThat(list.body()).contains("\"name\":\"jobs\"").doesNotContain(key);

    assertThat(administer(other(), "DELETE", MASTER_KEY, "?name=jobs", "").statusCode())
        .isEqualTo(200);
    awaitStored(0);
    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      assertThat(status(key)).isEqualTo(401);
    }
  }

  @Test
  void withoutAGoodKeyAClientGetsTheContracts401AndThePodNothing() throws Exception {
    long before = stack.servers("alpha").get(0).requests();
    for (String key : new String[] {null, "pm-wrong", MASTER_KEY}) {
      Reply reply = stack.client().send(ask(key));
      assertThat(reply.status()).isEqualTo(401);
      assertThat(reply.header("www-authenticate")).isEqualTo("Bearer");
      JsonObject error = reply.json().getAsJsonObject("error");
      assertThat(error.get("type").getAsString()).isEqualTo("authentication_error");
      assertThat(error.get("code").getAsString()).isEqualTo("invalid_api_key");
      assertThat(error.get("param").getAsString()).isEqualTo("api_key");
    }
    assertThat(stack.client().models().status()).isEqualTo(401);
    assertThat(stack.servers("alpha").get(0).requests()).isEqualTo(before);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "DELETE", "OPTIONS"})
  void noMethodWithoutABodyGetsPast(String method) throws Exception {
    for (String path : new String[] {"/v1/completions", "/", "/v1/files"}) {
      String request = RawHttp.request(method, path, "target-pod: 127.0.0.1:1\r\n");
      assertThat(RawHttp.send(stack.envoyPort(), request).status()).isEqualTo(401);
    }
  }

  @Test
  void thePodDoesNotSeeTheKey() throws Exception {
    var seen = new ConcurrentLinkedQueue<ReceivedRequest>();
    stack.servers("alpha").get(0).observe(seen::add);

    assertThat(status(FILE_KEY)).isEqualTo(200);

    assertThat(seen).isNotEmpty();
    assertThat(seen)
        .allSatisfy(request -> assertThat(request.headers()).doesNotContainKey("authorization"));
    stack.servers("alpha").get(0).observe(request -> {});
  }

  @Test
  void keysOfTheFileAreExchangedUnderTrafficAndABadFileIsRefused() throws Exception {
    String next = "pm-next-key-of-the-file";
    try (var traffic = Load.start(stack.newClient(), 2, turn -> ask(FILE_KEY))) {
      writeKeys(FILE_KEY, next);
      for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
        Await.until("the new key is good", LIMIT, () -> status(next) == 200);
      }
      Files.writeString(keysFile, "keys: [{name: broken}]\n");
      for (PluginProcess plugin : stack.plugins()) {
        Await.until(
            "a replica refuses the file",
            LIMIT,
            () -> plugin.metric("pointsman_api_keys_file_current") == 0);
      }
      int before = traffic.answers();
      Await.until("traffic goes on", LIMIT, () -> traffic.answers() > before + 50);
      assertThat(traffic.stop()).isEmpty();
    }
    assertThat(one().process().output()).contains("keys.yaml:1: keys[0]: \"sha256\" is missing");

    writeKeys(next);
    Await.until("the old key is out", LIMIT, () -> status(FILE_KEY) == 401);
    writeKeys(FILE_KEY);
    for (PluginProcess plugin : stack.plugins()) {
      Await.until(
          "a replica takes the file",
          LIMIT,
          () -> plugin.metric("pointsman_api_keys_file_current") == 1);
    }
    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      Await.until("the old key is back", LIMIT, () -> status(FILE_KEY) == 200);
    }
  }

  /** Counts begin anew with each minute, which must not happen in the middle of a test. */
  private static void awaitTheBeginningOfAMinute() {
    Await.until(
        "a minute begins",
        Duration.ofSeconds(60),
        () -> System.currentTimeMillis() % 60_000 < 25_000);
  }

  /** Asks more often than the budget allows; returns how many were served. */
  private static int spend(String key, int budget) throws IOException {
    int served = 0;
    for (int i = 0; i < 2 * budget + ENOUGH_FOR_BOTH; i++) {
      Reply reply = stack.client().send(ask(key));
      assertThat(reply.header("x-ratelimit-limit-requests")).isEqualTo(Integer.toString(budget));
      if (reply.status() == 200) {
        served++;
        assertThat(reply.header("x-ratelimit-remaining-requests")).isNotNull();
      } else {
        assertThat(reply.status()).isEqualTo(429);
        assertThat(reply.header("x-error-rpm-exceeded")).isEqualTo("true");
        assertThat(reply.header("x-ratelimit-remaining-requests")).isEqualTo("0");
        assertThat(reply.header("retry-after")).isNotNull();
      }
    }
    return served;
  }

  @Test
  void theBudgetOfAKeyMadeOverHttpIsServedExactlyUntilTheKeyIsRevoked() throws Exception {
    awaitTheBeginningOfAMinute();
    String key = create("bounded", ",\"requests_per_minute\":12");
    awaitStored(1);

    assertThat(spend(key, 12)).isEqualTo(12);

    administer(other(), "DELETE", MASTER_KEY, "?name=bounded", "");
    awaitStored(0);
    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      assertThat(status(key)).isEqualTo(401);
    }
  }

  /** Puts a key with a budget in the file, and awaits that it is in force. */
  private static void writeMetered(String key) throws Exception {
    String witness = "pm-unlimited-beside-" + key;
    replace(
        keysFile,
        "keys:\n"
            + line("file-key", FILE_KEY, "")
            + line("witness", witness, "")
            + line("metered", key, ", requestsPerMinute: 12"));
    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      Await.until("the file is in force", LIMIT, () -> status(witness) == 200);
    }
  }

  @Test
  void anExchangedKeyHasWhatIsLeftOfItsBudget() throws Exception {
    writeMetered("pm-before");
    awaitTheBeginningOfAMinute();
    for (int i = 0; i < 5; i++) {
      assertThat(status("pm-before")).isEqualTo(200);
    }

    writeMetered("pm-after");

    assertThat(status("pm-before")).isEqualTo(401);
    assertThat(spend("pm-after", 12)).isEqualTo(7);
    writeKeys(FILE_KEY);
    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      Await.until("the file is in force", LIMIT, () -> status("pm-after") == 401);
    }
  }

  @Test
  void theMasterKeyIsExchangedWithoutARestart() throws Exception {
    String next = "an-administrator's-next-key";
    awaitMasterKeys(1);
    replace(masterKeyFile, next + "\n");
    awaitMasterKeys(2);
    for (PluginProcess plugin : stack.plugins()) {
      assertThat(administer(plugin, "GET", next, "", "").statusCode()).isEqualTo(200);
      assertThat(administer(plugin, "GET", MASTER_KEY, "", "").statusCode()).isEqualTo(401);
    }
    replace(masterKeyFile, MASTER_KEY + "\n");
    awaitMasterKeys(3);
    assertThat(administer(one(), "GET", MASTER_KEY, "", "").statusCode()).isEqualTo(200);
  }

  private static void awaitMasterKeys(int times) {
    for (PluginProcess plugin : stack.plugins()) {
      Await.until(
          "a replica takes a master key",
          LIMIT,
          () -> plugin.process().output().split("master key in force", -1).length > times);
    }
  }

  @Test
  void whileRedisIsAwayKeysStayGoodAndNoneIsMade() throws Exception {
    String key = create("survivor");
    awaitStored(1);
    stack.redisServer().kill();
    Await.until("a replica misses Redis", LIMIT, () -> one().metric("pointsman_redis_up") == 0);

    for (int i = 0; i < ENOUGH_FOR_BOTH; i++) {
      assertThat(status(key)).isEqualTo(200);
    }
    assertThat(status("pm-wrong")).isEqualTo(401);
    assertThat(administer(one(), "POST", MASTER_KEY, "", "{\"name\":\"x\"}").statusCode())
        .isEqualTo(503);

    stack.redisServer().start();
    Await.until(
        "Redis has its key again",
        LIMIT,
        () -> administer(one(), "GET", MASTER_KEY, "", "").body().contains("survivor"));
    assertThat(status(key)).isEqualTo(200);
    assertThat(administer(one(), "DELETE", MASTER_KEY, "?name=survivor", "").statusCode())
        .isEqualTo(200);
    awaitStored(0);
  }

  @Test
  void nothingShowsAKey() throws Exception {
    String key = create("quiet");
    awaitStored(1);
    assertThat(status(key)).isEqualTo(200);
    assertThat(status("pm-quite-wrong")).isEqualTo(401);
    assertThat(administer(one(), "GET", "wrong-master-key", "", "").statusCode()).isEqualTo(401);
    assertThat(administer(one(), "DELETE", MASTER_KEY, "?name=quiet", "").statusCode())
        .isEqualTo(200);
    awaitStored(0);
    Await.until(
        "the audit log is written",
        LIMIT,
        () -> Files.readString(auditLog).contains("\"what\":\"quiet\""));

    var shown = new StringBuilder(Files.readString(auditLog));
    for (PluginProcess plugin : stack.plugins()) {
      shown.append(plugin.process().output()).append(plugin.get("/metrics"));
      shown.append(plugin.get("/debug/endpoints")).append(plugin.get("/readyz"));
    }
    assertThat(shown.toString())
        .contains("pointsman_unknown_key", "master-key")
        .doesNotContain(key, MASTER_KEY, "pm-quite-wrong", "wrong-master-key");
  }
}
