package io.pointsman.plugin.admin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.HttpCall;
import io.pointsman.common.HttpReply;
import io.pointsman.plugin.identity.ApiKeyStore;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.identity.MasterKey;
import io.pointsman.plugin.redis.RedisMonitor;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisTarget;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(120)
class ApiKeyPageTest {
  private static final Duration LONG = Duration.ofSeconds(30);
  private static final String MASTER = "Bearer the-master-key";

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final ByteArrayOutputStream audited = new ByteArrayOutputStream();
  private final AuditLog audit = AuditLog.to(audited, meters);
  private final RedisProcess process = new RedisProcess();
  private RedisMonitor redis;
  private ApiKeyPage page;

  @BeforeEach
  void start() throws Exception {
    process.start();
    redis = RedisMonitor.start(RedisTarget.parse("redis://127.0.0.1:" + process.port()), meters);
    await().atMost(LONG).until(redis::isUp);
    page = page(new ApiKeyStore(redis, "test"));
  }

  @AfterEach
  void stop() throws Exception {
    audit.close();
    redis.close();
    process.close();
  }

  private ApiKeyPage page(@Nullable ApiKeyStore store) {
    return new ApiKeyPage(new MasterKey(KeyHash.of("the-master-key")), store, audit);
  }

  private HttpReply send(
      ApiKeyPage to, String method, @Nullable String query, @Nullable String key, String body) {
    var call = new HttpCall(InetAddress.getLoopbackAddress(), method, query, key, body);
    try {
      return requireNonNull(to.pages().get("/internal/api-keys")).answer(call);
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private HttpReply send(String method, String body) {
    return send(page, method, null, MASTER, body);
  }

  private static String text(HttpReply reply) {
    return new String(reply.body(), UTF_8);
  }

  private static JsonObject json(HttpReply reply) {
    return JsonParser.parseString(text(reply)).getAsJsonObject();
  }

  @Test
  void aKeyIsCreatedShownOnceListedAndRevoked() {
    HttpReply created =
        send(
            "POST",
            "{\"name\":\"jobs\",\"user_id\":\"alice\",\"requests_per_minute\":5,"
                + "\"tokens_per_minute\":6,\"requests_in_flight\":7}");
    assertThat(created.status()).isEqualTo(201);
    String key = json(created).get("key").getAsString();
    assertThat(key).startsWith(json(created).get("prefix").getAsString());

    HttpReply list = send("GET", "");
    JsonObject listed = json(list).getAsJsonArray("data").get(0).getAsJsonObject();
    assertThat(list.status()).isEqualTo(200);
    assertThat(listed.get("name").getAsString()).isEqualTo("jobs");
    assertThat(listed.get("user_id").getAsString()).isEqualTo("alice");
    assertThat(listed.get("requests_in_flight").getAsInt()).isEqualTo(7);
    assertThat(text(list)).doesNotContain(key, KeyHash.of(key).toString(), "sha256", "\"key\"");

    assertThat(send("DELETE", "{\"name\":\"jobs\"}").status()).isEqualTo(200);
    assertThat(send("DELETE", "{\"name\":\"jobs\"}").status()).isEqualTo(404);
    assertThat(json(send("GET", "")).getAsJsonArray("data")).isEmpty();
  }

  @Test
  void aKeyIsRevokedByQueryToo() {
    send("POST", "{\"name\":\"two words\"}");

    assertThat(send(page, "DELETE", "name=two%20words", MASTER, "").status()).isEqualTo(200);
  }

  @Test
  void aNameIsGivenOnce() {
    send("POST", "{\"name\":\"jobs\"}");

    assertThat(send("POST", "{\"name\":\"jobs\"}").status()).isEqualTo(409);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "[]",
        "no json",
        "{}",
        "{\"name\":\"\"}",
        "{\"name\":7}",
        "{\"name\":\"a\\nb\"}",
        "{\"name\":\"a\",\"rpm\":5}",
        "{\"name\":\"a\",\"requests_per_minute\":-1}",
        "{\"name\":\"a\",\"requests_per_minute\":1.5}",
        "{\"name\":\"a\",\"requests_per_minute\":3000000000}",
        "{\"name\":\"a\",\"user_id\":\" \"}",
      })
  void whatCannotBeUnderstoodIs400(String body) {
    HttpReply reply = send("POST", body);

    assertThat(reply.status()).isEqualTo(400);
    assertThat(json(reply).getAsJsonObject("error").get("type").getAsString())
        .isEqualTo("invalid_request_error");
    assertThat(json(send("GET", "")).getAsJsonArray("data")).isEmpty();
  }

  @Test
  void whatToRevokeMustBeSaid() {
    assertThat(send("DELETE", "").status()).isEqualTo(400);
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET", "POST", "DELETE"})
  void withoutTheMasterKeyItIs401AndGuessingIsSlowedDown(String method) {
    String body = "{\"name\":\"jobs\"}";
    assertThat(send(page, method, null, null, body).status()).isEqualTo(401);
    for (int i = 0; i < 9; i++) {
      assertThat(send(page, method, null, "Bearer guess-" + i, body).status()).isEqualTo(401);
    }
    HttpReply slowed = send(page, method, null, MASTER, body);
    assertThat(slowed.status()).isEqualTo(429);
    assertThat(new ApiKeyStore(redis, "test").list()).isEmpty();
  }

  @Test
  void withoutRedisItSaysSo() throws Exception {
    HttpReply unset = send(page(null), "POST", null, MASTER, "{\"name\":\"jobs\"}");
    assertThat(unset.status()).isEqualTo(501);
    assertThat(text(unset)).contains("no Redis is set: see --redis-url");

    process.stop();
    await().atMost(LONG).until(() -> !redis.isUp());
    HttpReply away = send("POST", "{\"name\":\"jobs\"}");
    assertThat(away.status()).isEqualTo(503);
    assertThat(text(away)).contains("does not answer").doesNotContain("127.0.0.1");
  }

  @Test
  void eachActionAndRefusalIsAudited() {
    String key = json(send("POST", "{\"name\":\"jobs\"}")).get("key").getAsString();
    send("POST", "{\"name\":\"jobs\"}");
    send("GET", "");
    send("DELETE", "{\"name\":\"jobs\"}");
    send(page, "GET", null, "Bearer guess", "");
    audit.close();

    String lines = audited.toString(UTF_8);
    assertThat(lines.lines())
        .extracting(
            line -> {
              JsonObject json = JsonParser.parseString(line).getAsJsonObject();
              return json.get("event").getAsString()
                  + " "
                  + json.get("who").getAsString()
                  + " "
                  + json.get("what").getAsString()
                  + " "
                  + json.get("status").getAsInt();
            })
        .containsExactly(
            "api_key_created master-key jobs 201",
            "api_key_created master-key jobs 409",
            "api_keys_listed master-key /internal/api-keys 200",
            "api_key_revoked master-key jobs 200",
            "admin_refused unknown /internal/api-keys 401");
    assertThat(lines).doesNotContain(key, "the-master-key", "guess");
  }
}
