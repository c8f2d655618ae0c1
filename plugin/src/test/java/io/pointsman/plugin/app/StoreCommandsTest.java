package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.identity.ApiKeyStore;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.redis.RedisProcess;
import io.pointsman.plugin.redis.RedisSession;
import io.pointsman.plugin.redis.RedisTarget;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands on a real Redis. */
@Timeout(120)
class StoreCommandsTest {
  private final RedisProcess process = new RedisProcess();
  private final StringWriter out = new StringWriter();
  private final StringWriter err = new StringWriter();
  @TempDir private Path folder;

  @BeforeEach
  void start() throws Exception {
    process.start();
  }

  @AfterEach
  void stop() throws Exception {
    process.close();
  }

  private int run(String line) {
    return run(Map.of("REDIS_HOST", "127.0.0.1", "REDIS_PORT", "" + process.port()), line);
  }

  private int run(Map<String, String> environment, String line) {
    out.getBuffer().setLength(0);
    err.getBuffer().setLength(0);
    var command =
        new PluginCommand(
            environment,
            new PrintWriter(out),
            new PrintWriter(err),
            (settings, effective) -> {
              throw new AssertionError("the plugin was started");
            });
    int code = command.run(line.split(" "));
    assertThat(err.toString()).doesNotContain("Exception", "\tat ");
    return code;
  }

  private String raw(String key) {
    try (var redis = RedisSession.open(target())) {
      return redis.run("test", client -> client.get(key));
    }
  }

  private RedisTarget target() {
    return RedisTarget.parse("redis://127.0.0.1:" + process.port());
  }

  @Test
  void usersAreCreatedReadUpdatedListedAndDeleted() {
    assertThat(run("users create alice --rpm 5")).isZero();
    assertThat(raw("aibrix-users/alice")).isEqualTo("{\"name\":\"alice\",\"rpm\":5,\"tpm\":0}");
    assertThat(run("users create alice --rpm 6")).isEqualTo(PluginCommand.NOT_DONE);
    assertThat(err.toString()).contains("there is a user of this name");
    assertThat(run("users create bob")).isZero();

    assertThat(run("users update alice --tpm 70")).isZero();
    assertThat(run("users read alice")).isZero();
    assertThat(out).hasToString("{\"name\":\"alice\",\"rpm\":5,\"tpm\":70}" + nl());
    assertThat(run("users list")).isZero();
    assertThat(out.toString().lines()).hasSize(2).last().asString().contains("\"bob\"");

    assertThat(run("users delete alice")).isZero();
    for (String verb : new String[] {"read", "update", "delete"}) {
      assertThat(run("users " + verb + " alice")).isEqualTo(PluginCommand.NOT_DONE);
      assertThat(err.toString()).contains("there is no user of this name");
    }
  }

  @Test
  void aKeyIsPrintedOnceAndKeptNowhere() {
    Path audit = folder.resolve("audit.log");
    assertThat(run("api-keys create jobs --user alice --requests-in-flight 3 --audit-log " + audit))
        .isZero();
    String key = out.toString().strip();
    assertThat(key).matches("pm-[A-Za-z0-9_-]{43}");
    assertThat(err.toString()).contains("\"name\":\"jobs\"").doesNotContain(key);
    try (var redis = RedisSession.open(target())) {
      assertThat(new ApiKeyStore(redis, "default/pointsman").list())
          .singleElement()
          .satisfies(stored -> assertThat(stored.hash()).isEqualTo(KeyHash.of(key)));
    }

    assertThat(run("api-keys list")).isZero();
    assertThat(out.toString())
        .contains("\"user_id\":\"alice\"", "\"requests_in_flight\":3", key.substring(0, 10))
        .doesNotContain(key, "sha256");
    assertThat(run("api-keys create jobs")).isEqualTo(PluginCommand.NOT_DONE);
    assertThat(run("api-keys revoke jobs --audit-log " + audit)).isZero();
    assertThat(run("api-keys revoke jobs")).isEqualTo(PluginCommand.NOT_DONE);
    assertThat(audit)
        .content()
        .contains("\"event\":\"api_key_created\",\"who\":\"cli\",\"what\":\"jobs\"")
        .contains("api_key_revoked")
        .doesNotContain(key);
  }

  @Test
  void aKeyThatIsGivenForANameIsNotInTheAuditLog() {
    Path audit = folder.resolve("audit.log");
    run("api-keys create jobs");
    String key = out.toString().strip();

    assertThat(run("api-keys revoke " + key + " --audit-log " + audit))
        .isEqualTo(PluginCommand.NOT_DONE);

    assertThat(audit)
        .content()
        .contains("\"what\":\"" + key.substring(0, 10) + "***\",\"why\":\"unknown\"")
        .doesNotContain(key);
  }

  @Test
  void theAuditLogTellsWhatFailedToo() throws Exception {
    String audit = " --audit-log " + folder.resolve("audit.log");
    run("api-keys create jobs" + audit);
    run("api-keys create jobs" + audit);
    run("api-keys create zo\u00eb" + audit);
    run("api-keys revoke other" + audit);
    run("users delete bob" + audit);
    run("users create bob --rpm -1" + audit);
    process.stop();
    run("users list" + audit);

    assertThat(Files.readAllLines(folder.resolve("audit.log")))
        .extracting(line -> line.replaceFirst(".*\"event\"", "{\"event\""))
        .containsExactly(
            "{\"event\":\"api_key_created\",\"who\":\"cli\",\"what\":\"jobs\"}",
            "{\"event\":\"api_key_created\",\"who\":\"cli\",\"what\":\"jobs\",\"why\":\"name_taken\"}",
            "{\"event\":\"api_key_created\",\"who\":\"cli\",\"what\":\"api-keys\",\"why\":\"malformed\"}",
            "{\"event\":\"api_key_revoked\",\"who\":\"cli\",\"what\":\"other\",\"why\":\"unknown\"}",
            "{\"event\":\"user_deleted\",\"who\":\"cli\",\"what\":\"bob\",\"why\":\"unknown\"}",
            "{\"event\":\"user_created\",\"who\":\"cli\",\"what\":\"users\",\"why\":\"malformed\"}",
            "{\"event\":\"users_listed\",\"who\":\"cli\",\"what\":\"all\",\"why\":\"redis_is_away\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "users create",
        "users create x --rpm -1",
        "users create x --rpm 99999999999",
        "users create x --rpm many",
        "users create zo\u00eb",
        "users nonsense",
        "users",
        "api-keys create x --user zo\u00eb",
        "api-keys list --redis-port nonsense",
        "users list --audit-log",
      })
  void whatCannotBeUnderstoodIsExitCode2(String line) {
    assertThat(run(line)).isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(err.toString()).isNotEmpty();
    assertThat(out.toString()).isEmpty();
  }

  @Test
  void withoutRedisItSaysSo() throws Exception {
    assertThat(run(Map.of(), "users list")).isEqualTo(PluginCommand.BAD_SETTINGS);
    assertThat(err.toString()).contains("--redis-url: is missing");

    process.stop();
    assertThat(run("users list")).isEqualTo(PluginCommand.FAILED_START);
    assertThat(err.toString()).contains("cannot be used");
  }

  @Test
  void helpIsShownForEachLevel() {
    for (String line : new String[] {"users --help", "users create -h", "api-keys list --help"}) {
      assertThat(run(line)).isZero();
      assertThat(out.toString()).contains("Usage:");
    }
    assertThat(Files.exists(folder.resolve("audit.log"))).isFalse();
  }

  private static String nl() {
    return System.lineSeparator();
  }
}
