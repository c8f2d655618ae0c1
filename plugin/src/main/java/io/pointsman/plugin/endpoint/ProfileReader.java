package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Reads one profile of {@link ModelConfigReader}'s schema. */
final class ProfileReader {
  private static final int MAX_SECONDS = 86_400;
  private static final int MAX_COUNT = 1_000_000;
  private static final int MIN_BLOCK = 16;
  private static final int MAX_BLOCK = 1 << 16;
  private static final double MAX_DEVIATIONS = 1_000;

  private final StrategyNames strategies;

  ProfileReader(StrategyNames strategies) {
    this.strategies = strategies;
  }

  Profile read(String name, YamlMap map) throws ConfigException {
    String strategy = strategies.read(map, "routingStrategy");
    var limits =
        new Profile.Limits(
            count(map, "requestsPerSecond"),
            count(map, "requestsPerSecondPerReplica"),
            count(map, "requestsInflight"),
            integer(map, "timeoutSeconds", 1, MAX_SECONDS));
    YamlMap routing = map.map("routingConfig");
    var profile =
        new Profile(
            name,
            strategy,
            hints(routing),
            limits,
            prefill(routing),
            prefixCache(routing.map("prefixCache")),
            leastRequestSpread(routing.map("leastRequest")));
    routing.rejectUnknownKeys();
    map.rejectUnknownKeys();
    return profile;
  }

  private static Profile.Hints hints(YamlMap map) throws ConfigException {
    var hints =
        new Profile.Hints(
            count(map, "promptTokensGte"),
            count(map, "promptTokensLt"),
            count(map, "maxTokensGte"),
            count(map, "maxTokensLt"));
    refuseEmptyRange(map, "promptTokensLt", hints.promptTokensGte(), hints.promptTokensLt());
    refuseEmptyRange(map, "maxTokensLt", hints.maxTokensGte(), hints.maxTokensLt());
    return hints;
  }

  private static void refuseEmptyRange(
      YamlMap map, String upperKey, @Nullable Integer lower, @Nullable Integer upper)
      throws ConfigException {
    if (lower != null && upper != null && upper <= lower) {
      throw map.required(upperKey)
          .error("no request is from %d to below %d".formatted(lower, upper));
    }
  }

  private static Profile.Prefill prefill(YamlMap map) throws ConfigException {
    Integer min = count(map, "promptLenBucketMinLength");
    Integer max = count(map, "promptLenBucketMaxLength");
    if (min != null && max != null && max != 0 && max < min) {
      throw map.required("promptLenBucketMaxLength")
          .error("no prompt is from %d to %d".formatted(min, max));
    }
    return new Profile.Prefill(
        min,
        max,
        map.bool("combined", false),
        oneOf(map, "prefillScorePolicy", Profile.Prefill.PREFILL_POLICIES),
        oneOf(map, "decodeScorePolicy", Profile.Prefill.DECODE_POLICIES),
        oneOf(map, "onPrefillFailure", Profile.Prefill.ON_FAILURE),
        oneOf(map, "onEmptyBucket", Profile.Prefill.ON_EMPTY_BUCKET));
  }

  private static Profile.PrefixCache prefixCache(YamlMap map) throws ConfigException {
    var changes =
        new Profile.PrefixCache(
            integer(map, "blockBytes", MIN_BLOCK, MAX_BLOCK),
            integer(map, "minMatchBlocks", 1, MAX_COUNT),
            integer(map, "gateSpread", 0, MAX_COUNT),
            number(map, "gateDeviations", 0, MAX_DEVIATIONS),
            integer(map, "gateFree", 0, MAX_COUNT),
            integer(map, "rampSeconds", 0, MAX_SECONDS));
    map.rejectUnknownKeys();
    return changes;
  }

  private static @Nullable Integer leastRequestSpread(YamlMap map) throws ConfigException {
    Integer spread = integer(map, "spread", 0, MAX_COUNT);
    map.rejectUnknownKeys();
    return spread;
  }

  private static @Nullable Integer count(YamlMap map, String key) throws ConfigException {
    return integer(map, key, 0, Integer.MAX_VALUE);
  }

  private static @Nullable Integer integer(YamlMap map, String key, int min, int max)
      throws ConfigException {
    YamlNode value = map.get(key);
    return value == null ? null : Integer.valueOf((int) value.integer(min, max));
  }

  private static @Nullable Double number(YamlMap map, String key, double min, double max)
      throws ConfigException {
    YamlNode value = map.get(key);
    return value == null ? null : Double.valueOf(value.number(min, max));
  }

  /** The schema shows empty strings where nothing is set. */
  private static @Nullable String oneOf(YamlMap map, String key, List<String> valid)
      throws ConfigException {
    YamlNode value = map.get(key);
    if (value == null || value.isBlank()) {
      return null;
    }
    if (!valid.contains(value.string())) {
      throw value.error(
          "expected one of %s, found \"%s\"".formatted(String.join(", ", valid), value.string()));
    }
    return value.string();
  }
}
