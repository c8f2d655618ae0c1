package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.engine.ScrapeSettings;
import io.pointsman.plugin.extproc.ExtProcSettings;
import io.pointsman.plugin.redis.RedisTarget;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class PluginSettingsTest {
  @TempDir private Path folder;
  private final Map<Setting, String> flags = new EnumMap<>(Setting.class);
  private final Map<String, String> environment = new HashMap<>();

  @BeforeEach
  void giveWhatIsRequired() throws IOException {
    Path config = Files.writeString(folder.resolve("endpoints.yaml"), "models: []\n");
    flags.put(Setting.ENDPOINTS_CONFIG, config.toString());
  }

  @Test
  void defaultsAreThoseOfThePartsTheyBelongTo() throws Exception {
    PluginSettings settings = read();

    assertThat(settings.extProc()).isEqualTo(ExtProcSettings.DEFAULTS);
    assertThat(settings.health()).isEqualTo(HealthSettings.DEFAULTS);
    assertThat(settings.engineMetrics()).isEqualTo(ScrapeSettings.DEFAULTS);
    assertThat(settings.grpc().maxMessageBytes()).isEqualTo(4 * 1024 * 1024 + 64 * 1024);
    assertThat(settings.grpc().keepaliveTime()).isEqualTo(Duration.ofSeconds(20));
    assertThat(settings.grpc().tls()).isEqualTo(new TlsSettings.Off());
    assertThat(settings.debugBindAddress()).isNull();
    assertThat(settings.redis()).isNull();
    assertThat(settings.routing().fallbackStrategy()).isEqualTo("random");
  }

  @ParameterizedTest
  @EnumSource
  void everySettingIsReadFromItsEnvironmentName(Setting setting) {
    environment.put("POINTSMAN_" + setting.name(), "no such value");

    assertThat(new SettingValues(Map.of(), environment).text(setting)).isEqualTo("no such value");
  }

  /** A setting that nothing reads would be a lie in the help page. */
  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"REDIS_HOST", "REDIS_PASSWORD", "AUDIT_LOG"}) // any text will do for these
  void everySettingIsChecked(Setting setting) {
    flags.put(setting, "no such value");
    var refused = catchThrowableOfType(BadSettingsException.class, this::read);

    assertThat(refused.errors())
        .anySatisfy(error -> assertThat(error).startsWith(setting.flag() + ": "));
  }

  @ParameterizedTest
  @CsvSource({
    "ROUTING_ALGORITHM, ROUTING_ALGORITHM, least-request",
    "MAX_MESSAGE_BYTES, AIBRIX_GRPC_MAX_MESSAGE_SIZE_BYTES, 8388608",
    "REDIS_HOST, REDIS_HOST, cache",
    "REDIS_PORT, REDIS_PORT, 7000",
    "REDIS_PASSWORD, REDIS_PASSWORD, secret"
  })
  void contractsNameIsHonouredAndOursGoesBeforeIt(Setting setting, String alias, String value) {
    environment.put(alias, value);
    assertThat(new SettingValues(Map.of(), environment).text(setting)).isEqualTo(value);

    environment.put("POINTSMAN_" + setting.name(), "ours");
    assertThat(new SettingValues(Map.of(), environment).text(setting)).isEqualTo("ours");
    assertThat(new SettingValues(Map.of(setting, "flag"), environment).text(setting))
        .isEqualTo("flag");
  }

  @Test
  void emptyVariableCountsAsNotSet() throws Exception {
    environment.put("ROUTING_ALGORITHM", "");
    environment.put("POINTSMAN_ROUTING_ALGORITHM", "");
    environment.put("REDIS_HOST", "");

    assertThat(read().routing().fallbackStrategy()).isEqualTo("random");
    assertThat(read().redis()).isNull();
  }

  @Test
  void variablesThatKubernetesSetsForServicesAreNotSettings() throws Exception {
    environment.put("REDIS_PORT", "tcp://10.0.0.1:6379");
    environment.put("REDIS_HOST", "cache");

    assertThat(read().redis()).isEqualTo(new RedisTarget("cache", 6379, null, null, 0, false));
  }

  @Test
  void redisUrlGoesBeforeHostAndPassword() throws Exception {
    environment.put("REDIS_HOST", "elsewhere");
    environment.put("REDIS_PASSWORD", "other");
    flags.put(Setting.REDIS_URL, "rediss://app:secret@cache:7000/1");

    assertThat(read().redis()).isEqualTo(new RedisTarget("cache", 7000, "app", "secret", 1, true));
  }

  @ParameterizedTest
  @ValueSource(strings = {"redis://:secret@cache", "app:secret@cache"})
  void aUrlInThePlaceOfTheHostIsRefusedAndNotRepeated(String host) {
    flags.put(Setting.REDIS_HOST, host);

    assertThat(errors())
        .containsExactly("--redis-host: expected a host name or address; a URL is --redis-url");
  }

  @Test
  void redisUrlWithoutPasswordTakesTheOneThatIsGivenApart() throws Exception {
    environment.put("REDIS_PASSWORD", "100%/@");
    flags.put(Setting.REDIS_URL, "redis-sentinel://app:@one,two?master=main");

    assertThat(read().redis())
        .isEqualTo(
            RedisTarget.parse("redis-sentinel://app:@one,two?master=main").withPassword("100%/@"));
    assertThat(read().redis()).extracting(RedisTarget::password).isEqualTo("100%/@");
  }

  @Test
  void badRedisUrlIsNotRepeated() {
    flags.put(Setting.REDIS_URL, "http://:secret@cache");

    assertThat(errors())
        .singleElement()
        .asString()
        .startsWith("--redis-url: expected redis://[[user]:password@]host[:port][/database]")
        .doesNotContain("secret");
  }

  @ParameterizedTest
  @CsvSource({
    "MAX_MESSAGE_BYTES, 1023, an integer from 1024 to 1073741824",
    "MAX_MESSAGE_BYTES, 4Mi, an integer from 1024 to 1073741824",
    "REDIS_PORT, 0, an integer from 1 to 65535",
    "HEALTH_JITTER, 0.6, a number from 0 to 0.5",
    "HEALTH_JITTER, NaN, a number from 0 to 0.5",
    "USAGE_METRICS, yes, true or false",
    "TLS, on, 'off, self-signed or files'",
    "TRUSTED_MODEL_HEADER, x model, a header name",
  })
  void valueOutOfRangeIsToldWithTheRange(Setting setting, String value, String expected) {
    flags.put(setting, value);

    assertThat(errors())
        .containsExactly(setting.flag() + ": expected " + expected + ", found \"" + value + "\"");
  }

  @Test
  void settingsThatContradictEachOtherAreRefused() {
    flags.put(Setting.DRAIN_GRACE, "30s");
    flags.put(Setting.DRAIN_DEADLINE, "20s");
    flags.put(Setting.HEALTH_BASE_TIME, "10m");
    flags.put(Setting.TLS_KEY, flags.get(Setting.ENDPOINTS_CONFIG));

    assertThat(errors())
        .containsExactly(
            "--tls-key: has no effect without --tls=files",
            "--health-max-time: must not be shorter than --health-base-time",
            "--drain-deadline: must not be shorter than --drain-grace");
  }

  @Test
  void missingFilesAreNamed() {
    flags.remove(Setting.ENDPOINTS_CONFIG);
    flags.put(Setting.TLS, "files");
    flags.put(Setting.TLS_CERT, folder.toString());

    assertThat(errors())
        .containsExactly(
            "--tls-cert: cannot read the file \"" + folder + "\"",
            "--tls-key: is missing; --tls=files needs it",
            "--endpoints-config: is missing; it names the file of models and their endpoints");
  }

  @Test
  void trustedModelHeaderIsInLowerCase() throws Exception {
    flags.put(Setting.TRUSTED_MODEL_HEADER, "X-Model");

    assertThat(read().extProc().trustedModelHeader()).isEqualTo("x-model");
  }

  @Test
  void envoyIsAskedForMoreTimeUnlessItsOwnIsKnownToDo() throws Exception {
    assertThat(read().prefill().messageTimeout()).isEqualTo(Duration.ofSeconds(60));

    flags.put(Setting.MESSAGE_TIMEOUT, "40s");
    assertThat(read().prefill().messageTimeout()).isNull();

    flags.put(Setting.MAX_MESSAGE_TIMEOUT, "90s");
    assertThat(read().prefill().messageTimeout()).isEqualTo(Duration.ofSeconds(90));
  }

  @Test
  void aPrefillMayNotBeWaitedForLongerThanEnvoyWaits() {
    flags.put(Setting.MESSAGE_TIMEOUT, "10s");
    var refused = catchThrowableOfType(BadSettingsException.class, this::read);
    assertThat(refused.errors())
        .singleElement()
        .asString()
        .contains("--prefill-deadline", "--message-timeout", "10s");
  }

  private PluginSettings read() throws BadSettingsException {
    return PluginSettings.read(new SettingValues(flags, environment));
  }

  private List<String> errors() {
    return catchThrowableOfType(BadSettingsException.class, this::read).errors();
  }
}
