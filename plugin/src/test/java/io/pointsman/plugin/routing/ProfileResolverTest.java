package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.prompt.ParsedRequest;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileResolverTest {
  private final ProfileResolver resolver = new ProfileResolver("");

  private static ModelConfig config(Profile... profiles) {
    Map<String, Profile> map = new HashMap<>();
    for (Profile profile : profiles) {
      map.put(profile.name(), profile);
    }
    return new ModelConfig(null, "default", map);
  }

  private static Profile hinted(
      String name,
      @Nullable Integer promptGte,
      @Nullable Integer promptLt,
      @Nullable Integer maxGte,
      @Nullable Integer maxLt) {
    return new Profile(name, null, new Profile.Hints(promptGte, promptLt, maxGte, maxLt));
  }

  private static Profile plain(String name) {
    return hinted(name, null, null, null, null);
  }

  private @Nullable String chosen(
      ModelConfig config, @Nullable String header, @Nullable ParsedRequest body) {
    Profile profile = resolver.profile(config, header, body);
    return profile == null ? null : profile.name();
  }

  @ParameterizedTest
  @CsvSource({
    // lock, header, profile, operator's, expected
    "a, b, c, d, a",
    "a, , , , a",
    ", b, c, d, b",
    ", ' b ', c, d, b",
    ", '', c, d, c",
    ", '  ', c, d, c",
    ", , c, d, c",
    ", , , d, d",
    ", , , ' d ', d",
    ", , , '', random",
    ", , , ' ', random",
  })
  void theStrategyIsTheFirstThatIsGiven(
      @Nullable String lock,
      @Nullable String header,
      @Nullable String ofProfile,
      @Nullable String operators,
      String expected) {
    var config = new ModelConfig(lock, "default", Map.of());
    var profile = new Profile("default", ofProfile, new Profile.Hints(null, null, null, null));

    assertThat(
            new ProfileResolver(operators == null ? "" : operators)
                .strategy(config, header, profile))
        .isEqualTo(expected);
  }

  @Test
  void withoutAProfileTheOperatorsStrategyApplies() {
    assertThat(new ProfileResolver("d").strategy(ModelConfig.NONE, null, null)).isEqualTo("d");
  }

  @Test
  void theNamedProfileApplies() {
    var config = config(plain("default"), plain("long"));

    assertThat(chosen(config, "long", null)).isEqualTo("long");
    assertThat(chosen(config, "  long ", null)).isEqualTo("long");
  }

  @Test
  void anUnknownNameOrNoneMeansTheDefaultProfile() {
    var config = config(plain("default"), plain("long"));

    assertThat(chosen(config, "Long", null)).isEqualTo("default");
    assertThat(chosen(config, "", null)).isEqualTo("default");
    assertThat(chosen(config, null, null)).isEqualTo("default");
  }

  @Test
  void whereTheDefaultDoesNotExistThereIsNoProfile() {
    assertThat(chosen(config(plain("long")), "short", null)).isNull();
    assertThat(chosen(ModelConfig.NONE, "auto", null)).isNull();
  }

  @Test
  void aLockedProfileHoldsWhateverTheHeaderSays() {
    var config =
        new ModelConfig(
            null,
            "safe",
            "default",
            Map.of(
                "default", plain("default"),
                "safe", plain("safe"),
                "big", hinted("big", 1, null, null, null)));

    assertThat(chosen(config, null, null)).isEqualTo("safe");
    assertThat(chosen(config, "default", null)).isEqualTo("safe");
    assertThat(chosen(config, "auto", Requests.body(400, -1))).isEqualTo("safe");
    assertThat(resolver.needsBody(config, "auto")).isFalse();
  }

  @Test
  void aLockedProfileLocksTheStrategyThatItNames() {
    var safe = new Profile("safe", "prefix-cache", new Profile.Hints(null, null, null, null));
    var config = new ModelConfig(null, "safe", "default", Map.of("safe", safe));

    assertThat(resolver.strategy(config, "random", safe)).isEqualTo("prefix-cache");
    assertThat(resolver.strategy(config, "random", plain("safe"))).isEqualTo("random");
    var both = new ModelConfig("least-request", "safe", "default", Map.of("safe", safe));
    assertThat(resolver.strategy(both, "random", safe)).isEqualTo("least-request");
  }

  @Test
  void theDefaultMayHaveAnyName() {
    var config = new ModelConfig(null, "base", Map.of("base", plain("base")));

    assertThat(chosen(config, "other", null)).isEqualTo("base");
  }

  @Test
  void onlyAutoWithHintsNeedsTheBody() {
    var hinted = config(plain("default"), hinted("long", 10, null, null, null));

    assertThat(resolver.needsBody(hinted, "auto")).isTrue();
    assertThat(resolver.needsBody(hinted, " AUTO ")).isTrue();
    assertThat(resolver.needsBody(hinted, "long")).isFalse();
    assertThat(resolver.needsBody(hinted, null)).isFalse();
    assertThat(resolver.needsBody(config(plain("default")), "auto")).isFalse();
  }

  @ParameterizedTest
  @CsvSource({
    // Four bytes are a token, rounded up; the lower bound is inclusive, the upper one exclusive.
    "36, default",
    "37, mid",
    "40, mid",
    "76, mid",
    "77, default",
    "80, default",
  })
  void autoEstimatesTokensAndHoldsThemAgainstTheBounds(int promptBytes, String expected) {
    var config = config(plain("default"), hinted("mid", 10, 20, null, null));

    assertThat(chosen(config, "auto", Requests.body(promptBytes, -1))).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({"-1, default", "0, default", "4, default", "5, mid", "9, mid", "10, default"})
  void autoHoldsTheTokenLimitAgainstTheBounds(int maxTokens, String expected) {
    var config = config(plain("default"), hinted("mid", null, null, 5, 10));

    assertThat(chosen(config, "auto", Requests.body(1, maxTokens))).isEqualTo(expected);
  }

  @Test
  void aTokenLimitHintNeverMatchesARequestWithoutLimit() {
    var config = config(hinted("any", null, null, 0, null), hinted("lt", null, null, null, 100));

    assertThat(chosen(config, "auto", Requests.body(1, -1))).isNull();
    assertThat(chosen(config, "auto", Requests.body(1, 0))).isEqualTo("any");
  }

  @Test
  void autoPrefersMoreHintsThenTighterOnesThenTheName() {
    ParsedRequest body = Requests.body(400, 50);

    assertThat(
            chosen(
                config(hinted("one", 100, null, null, null), hinted("two", 1, 1_000, null, null)),
                "auto",
                body))
        .isEqualTo("two");
    assertThat(
            chosen(
                config(hinted("low", 10, null, null, null), hinted("zhigh", 90, null, null, null)),
                "auto",
                body))
        .isEqualTo("zhigh");
    assertThat(
            chosen(
                config(
                    hinted("wide", null, 900, null, null), hinted("zclose", null, 200, null, null)),
                "auto",
                body))
        .isEqualTo("zclose");
    assertThat(
            chosen(
                config(hinted("low", null, null, 10, null), hinted("zhigh", null, null, 40, null)),
                "auto",
                body))
        .isEqualTo("zhigh");
    assertThat(
            chosen(
                config(
                    hinted("wide", null, null, null, 90), hinted("zclose", null, null, null, 60)),
                "auto",
                body))
        .isEqualTo("zclose");
    assertThat(
            chosen(
                config(hinted("b", 10, null, null, null), hinted("a", 10, null, null, null)),
                "auto",
                body))
        .isEqualTo("a");
  }

  @Test
  void autoNeverChoosesAProfileWithoutHints() {
    var config =
        new ModelConfig(
            null,
            "base",
            Map.of(
                "base", plain("base"),
                "aaa", plain("aaa"),
                "big", hinted("big", 1_000, null, null, null)));

    assertThat(chosen(config, "auto", Requests.body(4, -1))).isEqualTo("base");
  }

  /** The rules once more, as a filter and a sort. */
  private static @Nullable String model(List<Profile> profiles, int promptBytes, int maxTokens) {
    double tokens = Math.ceil(promptBytes / 4.0);
    Comparator<Profile> order =
        Comparator.comparingLong(
                (Profile p) ->
                    -Stream.of(
                            p.hints().promptTokensGte() != null,
                            p.hints().promptTokensLt() != null,
                            p.hints().maxTokensGte() != null,
                            p.hints().maxTokensLt() != null)
                        .filter(given -> given)
                        .count())
            .thenComparing(
                (Profile p) -> p.hints().promptTokensGte(),
                Comparator.nullsLast(Comparator.<Integer>reverseOrder()))
            .thenComparing(
                (Profile p) -> p.hints().promptTokensLt(),
                Comparator.nullsLast(Comparator.<Integer>naturalOrder()))
            .thenComparing(
                (Profile p) -> p.hints().maxTokensGte(),
                Comparator.nullsLast(Comparator.<Integer>reverseOrder()))
            .thenComparing(
                (Profile p) -> p.hints().maxTokensLt(),
                Comparator.nullsLast(Comparator.<Integer>naturalOrder()))
            .thenComparing(Profile::name);
    return profiles.stream()
        .filter(
            p ->
                p.hints().promptTokensGte() != null
                    || p.hints().promptTokensLt() != null
                    || p.hints().maxTokensGte() != null
                    || p.hints().maxTokensLt() != null)
        .filter(p -> p.hints().promptTokensGte() == null || tokens >= p.hints().promptTokensGte())
        .filter(p -> p.hints().promptTokensLt() == null || tokens < p.hints().promptTokensLt())
        .filter(
            p ->
                p.hints().maxTokensGte() == null
                    || (maxTokens >= 0 && maxTokens >= p.hints().maxTokensGte()))
        .filter(
            p ->
                p.hints().maxTokensLt() == null
                    || (maxTokens >= 0 && maxTokens < p.hints().maxTokensLt()))
        .min(order)
        .map(Profile::name)
        .orElse(null);
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void autoAgreesWithAPlainModel(long seed) {
    var random = new SplittableRandom(seed);
    for (int round = 0; round < 2_000; round++) {
      List<Profile> profiles = new ArrayList<>();
      int count = random.nextInt(6);
      for (int i = 0; i < count; i++) {
        profiles.add(hinted("p" + i, bound(random), bound(random), bound(random), bound(random)));
      }
      int promptBytes = 1 + random.nextInt(24);
      int maxTokens = random.nextInt(8) - 1;

      String actual =
          chosen(
              config(profiles.toArray(Profile[]::new)),
              "auto",
              Requests.body(promptBytes, maxTokens));

      assertThat(actual)
          .as("seed %d, %d bytes, %d tokens, %s", seed, promptBytes, maxTokens, profiles)
          .isEqualTo(model(profiles, promptBytes, maxTokens));
    }
  }

  private static @Nullable Integer bound(SplittableRandom random) {
    int bound = random.nextInt(12) - 5;
    return bound < 0 ? null : Integer.valueOf(bound);
  }
}
