package io.pointsman.plugin.app;

import static io.pointsman.plugin.app.SettingValues.expected;

import io.pointsman.common.BindAddress;
import io.pointsman.common.DurationText;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.blockmap.ReplicationSettings;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.engine.ScrapeSettings;
import io.pointsman.plugin.extproc.ExtProcSettings;
import io.pointsman.plugin.identity.IdentitySettings;
import io.pointsman.plugin.identity.KeyHash;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.prefill.PrefillSettings;
import io.pointsman.plugin.redis.RedisTarget;
import io.pointsman.plugin.routing.PdRules;
import io.pointsman.plugin.routing.PrefixCacheRules;
import io.pointsman.plugin.routing.RoutingSettings;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * All settings, checked. {@link Setting} says what each one means.
 *
 * @param masterKey null: API keys are not administered over HTTP
 * @param masterKeyFile where it stands, or null
 * @param auditLog a file, {@code stdout}, or null
 * @param debugBindAddress null: /debug is on the HTTP port, for loopback clients only
 * @param engineMetrics an interval of zero: never
 * @param engineAdapters an interval of zero: never
 * @param warmUpTime zero: no warm-up
 * @param redis null: no Redis
 */
record PluginSettings(
    GrpcSettings grpc,
    BindAddress httpBindAddress,
    @Nullable BindAddress debugBindAddress,
    DiscoverySettings discovery,
    ScrapeSettings engineMetrics,
    ScrapeSettings engineAdapters,
    RoutingSettings routing,
    IdentitySettings identity,
    @Nullable KeyHash masterKey,
    @Nullable Path masterKeyFile,
    @Nullable String auditLog,
    LimitSettings limits,
    ExtProcSettings extProc,
    boolean accessLog,
    HealthSettings health,
    @Nullable RedisTarget redis,
    ReplicationSettings replication,
    PrefixSettings prefix,
    PrefixCacheRules prefixRules,
    PdRules pd,
    PrefillSettings prefill,
    Duration warmUpTime,
    Duration drainGrace,
    Duration drainDeadline) {

  private static final Duration SHORTEST = Duration.ofMillis(10);

  /** gRPC makes that of any shorter time. */
  private static final Duration SHORTEST_KEEPALIVE = Duration.ofSeconds(10);

  private static final Duration LONGEST = Duration.ofHours(24);
  private static final int MAX_BYTES = 1 << 30;
  private static final int MAX_COUNT = 1_000_000;

  /** News wait so long for company: short beside the 100 ms in which replicas should agree. */
  private static final Duration FLUSH_INTERVAL = Duration.ofMillis(10);

  /** 8 MiB of hashes: some ten seconds of news at a thousand new prompts a second. */
  private static final int OUTBOX_HASHES = 1 << 20;

  /** Stands where a required value is missing, until that is thrown as an error. */
  private static final Path NO_FILE = Path.of("");

  private static final BindAddress NO_ADDRESS = new BindAddress("", 0);

  /**
   * Reads and checks every setting.
   *
   * @throws BadSettingsException with everything that is wrong
   */
  static PluginSettings read(SettingValues values) throws BadSettingsException {
    PrefixCacheRules rules = prefixRules(values);
    PrefillSettings prefill = PrefillValues.read(values);
    var settings =
        new PluginSettings(
            grpc(values),
            required(values.address(Setting.HTTP_BIND_ADDRESS), NO_ADDRESS),
            values.address(Setting.DEBUG_BIND_ADDRESS),
            DiscoverySettings.read(values),
            engine(values, Setting.ENGINE_METRICS_INTERVAL),
            engine(values, Setting.ENGINE_ADAPTERS_INTERVAL),
            routing(values, rules),
            IdentityValues.read(values),
            IdentityValues.masterKey(values),
            values.file(Setting.MASTER_KEY_FILE),
            values.text(Setting.AUDIT_LOG),
            limits(values),
            extProc(values),
            values.bool(Setting.ACCESS_LOG),
            health(values),
            redis(values),
            replication(values),
            prefix(values),
            rules,
            PrefillValues.rules(values, prefill),
            prefill,
            values.duration(Setting.WARM_UP_TIME, Duration.ZERO, Duration.ofMinutes(1)),
            values.duration(Setting.DRAIN_GRACE, Duration.ZERO, LONGEST),
            values.duration(Setting.DRAIN_DEADLINE, Duration.ZERO, LONGEST));
    var unused = values.bool(Setting.STANDALONE);
    if (settings.drainDeadline.compareTo(settings.drainGrace) < 0) {
      values.addError(Setting.DRAIN_DEADLINE, "must not be shorter than --drain-grace");
    }
    List<String> errors = values.errors();
    if (!errors.isEmpty()) {
      throw new BadSettingsException(errors);
    }
    return settings;
  }

  /** For tests and other programs that wire a plugin: flags only, no environment. */
  static PluginSettings of(Map<Setting, String> flags) throws BadSettingsException {
    return read(new SettingValues(flags, Map.of()));
  }

  private static GrpcSettings grpc(SettingValues values) {
    return new GrpcSettings(
        required(values.address(Setting.GRPC_BIND_ADDRESS), NO_ADDRESS),
        values.integer(Setting.MAX_MESSAGE_BYTES, 1024, MAX_BYTES),
        values.duration(Setting.KEEPALIVE_TIME, SHORTEST_KEEPALIVE, LONGEST),
        values.duration(Setting.KEEPALIVE_TIMEOUT, SHORTEST, LONGEST),
        values.duration(Setting.PERMIT_KEEPALIVE_TIME, SHORTEST, LONGEST),
        values.integer(Setting.MAX_CONCURRENT_CALLS_PER_CONNECTION, 1, MAX_COUNT),
        tls(values));
  }

  private static TlsSettings tls(SettingValues values) {
    Path certificate = values.file(Setting.TLS_CERT);
    Path key = values.file(Setting.TLS_KEY);
    TlsSettings tls =
        values.<TlsSettings>read(
            Setting.TLS,
            new TlsSettings.Off(),
            mode ->
                switch (mode) {
                  case "off" -> new TlsSettings.Off();
                  case "self-signed" -> new TlsSettings.SelfSigned();
                  case "files" ->
                      new TlsSettings.Files(required(certificate, NO_FILE), required(key, NO_FILE));
                  default -> throw expected("off, self-signed or files", mode);
                });
    boolean fromFiles = tls instanceof TlsSettings.Files;
    for (Setting file : List.of(Setting.TLS_CERT, Setting.TLS_KEY)) {
      if (fromFiles && !values.isSet(file)) {
        values.addError(file, "is missing; --tls=files needs it");
      } else if (!fromFiles && values.isSet(file)) {
        values.addError(file, "has no effect without --tls=files");
      }
    }
    return tls;
  }

  private static ScrapeSettings engine(SettingValues values, Setting interval) {
    return new ScrapeSettings(
        values.duration(interval, Duration.ZERO, LONGEST),
        values.fraction(Setting.ENGINE_METRICS_JITTER, 0.5),
        values.duration(Setting.ENGINE_METRICS_TIMEOUT, SHORTEST, LONGEST),
        values.duration(Setting.ENGINE_METRICS_FRESHNESS, SHORTEST, LONGEST),
        values.integer(Setting.ENGINE_METRICS_CONCURRENCY, 1, MAX_COUNT),
        values.integer(Setting.ENGINE_METRICS_MAX_BYTES, 1024, MAX_BYTES));
  }

  private static RoutingSettings routing(SettingValues values, PrefixCacheRules rules) {
    return new RoutingSettings(
        routingAlgorithm(values),
        rules.ramp(),
        values.bool(Setting.EXTERNAL_FILTER),
        values.integer(Setting.MAX_IN_FLIGHT_PER_POD, 0, MAX_COUNT));
  }

  private static LimitSettings limits(SettingValues values) {
    return new LimitSettings(
        IdentityValues.failsOpen(values),
        values.integer(Setting.LIMIT_REPLICAS, 1, MAX_COUNT),
        values.integer(Setting.LIMIT_ANSWER_TOKENS, 0, MAX_COUNT),
        values.bool(Setting.LIMIT_ADD_INCLUDE_USAGE));
  }

  private static String routingAlgorithm(SettingValues values) {
    StrategyCatalog strategies = StrategyCatalog.standard();
    return values.read(
        Setting.ROUTING_ALGORITHM,
        StrategyCatalog.DEFAULT,
        name -> {
          if (!strategies.isKnown(name)) {
            throw expected("one of " + String.join(", ", strategies.names()), name);
          }
          return name;
        });
  }

  private static ExtProcSettings extProc(SettingValues values) {
    return new ExtProcSettings(
        values.integer(Setting.MAX_BODY_BYTES, 1024, MAX_BYTES),
        values.<@Nullable String>read(
            Setting.TRUSTED_MODEL_HEADER, null, PluginSettings::headerName),
        values.bool(Setting.ROUTE_ON_HEADERS),
        values.bool(Setting.RESPONSE_HEADERS),
        values.bool(Setting.PASSIVE_HEALTH),
        values.bool(Setting.USAGE_METRICS),
        values.bool(Setting.ACCESS_LOG));
  }

  /** A field name of RFC 9110, in lower case as HTTP/2 has it. */
  private static String headerName(String text) {
    boolean sound =
        !text.isEmpty()
            && text.chars()
                .allMatch(
                    c ->
                        (c >= '0' && c <= '9')
                            || (c >= 'a' && c <= 'z')
                            || (c >= 'A' && c <= 'Z')
                            || "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
    if (!sound) {
      throw expected("a header name", text);
    }
    return text.toLowerCase(Locale.ROOT);
  }

  private static HealthSettings health(SettingValues values) {
    Duration base = values.duration(Setting.HEALTH_BASE_TIME, SHORTEST, LONGEST);
    Duration max = values.duration(Setting.HEALTH_MAX_TIME, SHORTEST, LONGEST);
    if (max.compareTo(base) < 0) {
      values.addError(Setting.HEALTH_MAX_TIME, "must not be shorter than --health-base-time");
      max = base;
    }
    return new HealthSettings(
        values.bool(Setting.PASSIVE_HEALTH),
        values.integer(Setting.HEALTH_FAILURES, 1, MAX_COUNT),
        base,
        max,
        values.fraction(Setting.HEALTH_JITTER, 0.5),
        values.fraction(Setting.HEALTH_MAX_SET_ASIDE, 0.5),
        values.integer(Setting.HEALTH_PROBATION_SUCCESSES, 1, MAX_COUNT),
        values.duration(Setting.HEALTH_TRIAL_GAP, Duration.ZERO, LONGEST),
        values.duration(Setting.HEALTH_FORGET_AFTER, Duration.ZERO, LONGEST));
  }

  /**
   * Only where Redis is, for a command that works on it.
   *
   * @throws BadSettingsException with everything that is wrong, also if none is set
   */
  static RedisTarget redisAlone(SettingValues values) throws BadSettingsException {
    RedisTarget target = redis(values);
    if (target == null) {
      values.addError(Setting.REDIS_URL, "is missing");
    }
    if (target == null || !values.errors().isEmpty()) {
      throw new BadSettingsException(values.errors());
    }
    return target;
  }

  /** Only what begins each key, likewise. */
  static String keyPrefixAlone(SettingValues values) throws BadSettingsException {
    String prefix = values.read(Setting.REDIS_KEY_PREFIX, "", PluginSettings::keyPrefix);
    if (!values.errors().isEmpty()) {
      throw new BadSettingsException(values.errors());
    }
    return prefix;
  }

  private static @Nullable RedisTarget redis(SettingValues values) {
    String password = values.text(Setting.REDIS_PASSWORD);
    if (values.isSet(Setting.REDIS_URL)) {
      RedisTarget target =
          values.<@Nullable RedisTarget>read(Setting.REDIS_URL, null, RedisTarget::parse);
      return target == null || target.password() != null ? target : target.withPassword(password);
    }
    int port = values.integer(Setting.REDIS_PORT, 1, 65535);
    String host =
        values.<@Nullable String>read(Setting.REDIS_HOST, null, PluginSettings::redisHost);
    return host == null ? null : new RedisTarget(host, port, null, password, 0, false);
  }

  /** A URL may hold a password, and a host is told to everyone. */
  private static String redisHost(String text) {
    if (text.contains("/") || text.contains("@")) {
      throw new IllegalArgumentException("expected a host name or address; a URL is --redis-url");
    }
    return text;
  }

  private static ReplicationSettings replication(SettingValues values) {
    return new ReplicationSettings(
        values.read(Setting.REDIS_KEY_PREFIX, "", PluginSettings::keyPrefix),
        values.integer(Setting.REDIS_BLOCK_SHARDS, 1, 64),
        PrefixIndex.format(),
        FLUSH_INTERVAL,
        OUTBOX_HASHES,
        values.integer(Setting.REDIS_STREAM_BYTES, 1 << 20, Integer.MAX_VALUE),
        timeToLive(values),
        values.duration(Setting.REDIS_RECOVERY_DEADLINE, Duration.ZERO, LONGEST));
  }

  /** Braces would change which part of a key a cluster goes by. */
  private static String keyPrefix(String text) {
    if (text.chars().anyMatch(c -> c <= ' ' || c == '{' || c == '}')) {
      throw expected("a text without spaces and braces", text);
    }
    return text;
  }

  private static PrefixSettings prefix(SettingValues values) {
    int blocks = values.integer(Setting.PREFIX_BLOCKS_PER_ENDPOINT, 0, Integer.MAX_VALUE);
    return new PrefixSettings(
        values.integer(Setting.PREFIX_BLOCK_BYTES, 16, 1 << 16),
        values.integer(Setting.PREFIX_MAX_PROMPT_BYTES, 1024, MAX_BYTES),
        values.integer(Setting.PREFIX_MAP_BYTES, 1 << 20, Integer.MAX_VALUE),
        timeToLive(values),
        blocks == 0 ? PrefixSettings.UNKNOWN_CACHE : blocks);
  }

  private static Duration timeToLive(SettingValues values) {
    return values.read(
        Setting.PREFIX_TTL,
        PrefixSettings.DEFAULTS.timeToLive(),
        text -> {
          boolean minutes = text.chars().allMatch(c -> c >= '0' && c <= '9');
          Duration ttl = DurationText.parse(minutes ? text + "m" : text);
          if (ttl == null
              || ttl.compareTo(Duration.ofSeconds(1)) < 0
              || ttl.compareTo(LONGEST) > 0) {
            throw expected("1s to 24h", text);
          }
          return ttl;
        });
  }

  private static PrefixCacheRules prefixRules(SettingValues values) {
    return new PrefixCacheRules(
        values.integer(Setting.PREFIX_GATE_SPREAD, 0, MAX_COUNT),
        values.integer(Setting.PREFIX_GATE_DEVIATIONS, 0, MAX_COUNT),
        values.integer(Setting.PREFIX_GATE_FREE, 0, MAX_COUNT),
        values.integer(Setting.PREFIX_MIN_MATCH_BLOCKS, 1, MAX_COUNT),
        values.duration(Setting.PREFIX_RAMP, Duration.ZERO, LONGEST));
  }

  private static <T> T required(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
