package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.networknt.schema.InputFormat;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Holds the published schema and the reader to each other. */
class ConfigProfileSchemaTest {
  private static final String TEXT = schemaText();
  private static final JsonSchema SCHEMA =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(TEXT);

  private final ModelConfigReader reader =
      new ModelConfigReader(StrategyCatalog.standard()::isKnown);

  private static String schemaText() {
    try (InputStream in =
        ModelConfigReader.class.getResourceAsStream("config-profile.schema.json")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private boolean readerTakes(String json) {
    try {
      reader.readJson("test", 1, json);
      return true;
    } catch (ConfigException e) {
      return false;
    }
  }

  private static boolean schemaTakes(String json) {
    return SCHEMA.validate(json, InputFormat.JSON).isEmpty();
  }

  private static String profile(String members) {
    return "{\"profiles\": {\"p\": {" + members + "}}}";
  }

  private static String routing(String members) {
    return profile("\"routingConfig\": {" + members + "}");
  }

  private static Set<String> keys(String definition) {
    JsonObject root = JsonParser.parseString(TEXT).getAsJsonObject();
    JsonObject at =
        definition.isEmpty() ? root : root.getAsJsonObject("$defs").getAsJsonObject(definition);
    assertThat(at.get("additionalProperties").getAsBoolean()).isFalse();
    return new TreeSet<>(at.getAsJsonObject("properties").keySet());
  }

  /** What the reader says is known where it meets an unknown key. */
  private Set<String> known(String json) {
    try {
      reader.readJson("test", 1, json);
    } catch (ConfigException e) {
      String message = String.valueOf(e.getMessage());
      String marker = "known here: ";
      int start = message.indexOf(marker);
      assertThat(start).as(message).isPositive();
      return new TreeSet<>(List.of(message.substring(start + marker.length()).split(", ")));
    }
    throw new AssertionError("taken: " + json);
  }

  @Test
  void bothKnowTheSameKeysEverywhere() {
    String odd = "\"odd\": 1";
    assertThat(known("{" + odd + "}")).isEqualTo(keys(""));
    assertThat(known(profile(odd))).isEqualTo(keys("profile"));
    assertThat(known(routing(odd))).isEqualTo(keys("routingConfig"));
    assertThat(known(routing("\"prefixCache\": {" + odd + "}"))).isEqualTo(keys("prefixCache"));
    assertThat(known(routing("\"leastRequest\": {" + odd + "}"))).isEqualTo(keys("leastRequest"));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{}",
        "{\"profiles\": {}}",
        "{\"profiles\": null}",
        "{\"lockedRoutingStrategy\": \"\", \"defaultProfile\": \"\"}",
        "{\"lockedRoutingStrategy\": \"least-request\"}",
        "{\"lockedProfile\": \"p\", \"defaultProfile\": \"p\", \"profiles\": {\"p\": {}}}",
        "{\"profiles\": {\"p\": null, \"two words\": {}, \"\\ud83d\\ude80\": {}}}",
        "{\"profiles\":\t{\"p\":\n\t{\"routingStrategy\": \"prefix-cache\"}}}",
        "{\"lockedRoutingStrategy\": \"prefix-cache:2,least-request:1\"}",
        "{\"lockedRoutingStrategy\": \"prefix-cache : 0, least-kv-cache: 1000000 ,throughput\"}",
        "{\"lockedRoutingStrategy\": \"vtc-basic:7\"}",
        "{\"profiles\": {\"p\": {\"requestsPerSecond\": 2147483647, \"timeoutSeconds\": 86400}}}",
      })
  void bothTakeWhatIsGood(String json) {
    assertThat(schemaTakes(json)).isTrue();
    assertThat(readerTakes(json)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "[]",
        "1",
        "\"\"",
        "null",
        "{\"profiles\": []}",
        "{\"profiles\": {\"p\": 1}}",
        "{\"profiles\": {\"p\": []}}",
        "{\"profile\": {}}",
        "{\"lockedRoutingStrategy\": \"fastest\"}",
        "{\"lockedRoutingStrategy\": [\"random\"]}",
        "{\"lockedRoutingStrategy\": \"random:1,least-request:2\"}",
        "{\"lockedRoutingStrategy\": \"least-request:1000001\"}",
        "{\"lockedRoutingStrategy\": \"least-request,\"}",
        "{\"lockedRoutingStrategy\": \"least-request:-1\"}",
        "{\"lockedProfile\": {}}",
      })
  void bothRefuseWhatIsBad(String json) {
    assertThat(schemaTakes(json)).isFalse();
    assertThat(readerTakes(json)).isFalse();
  }

  /** Every key with values at and beyond every bound, and of every wrong type. */
  @Test
  void bothJudgeEveryKeyAlike() {
    List<String> values =
        List.of(
            "null",
            "true",
            "false",
            "\"\"",
            "\"random\"",
            "\"1\"",
            "{}",
            "[]",
            "-1",
            "0",
            "1",
            "15",
            "16",
            "1000",
            "1001",
            "65536",
            "65537",
            "86400",
            "86401",
            "1000000",
            "1000001",
            "2147483647",
            "2147483648",
            "99999999999999999999",
            "1.5",
            "1000.5",
            "-0.5",
            "1e2");
    int bad = 0;
    for (String[] place :
        new String[][] {
          {"", "{%s}"},
          {"profile", profile("%s")},
          {"routingConfig", routing("%s")},
          {"prefixCache", routing("\"prefixCache\": {%s}")},
          {"leastRequest", routing("\"leastRequest\": {%s}")}
        }) {
      for (String key : keys(place[0])) {
        for (String value : values) {
          if (isSettledByTheReaderAlone(key, value)) {
            continue;
          }
          String json = place[1].formatted("\"" + key + "\": " + value);
          assertThat(readerTakes(json)).as(json).isEqualTo(schemaTakes(json));
          bad += readerTakes(json) ? 0 : 1;
        }
      }
    }
    assertThat(bad).isGreaterThan(200);
  }

  /**
   * JSON Schema counts 1e2 as an integer, and knows nothing of other members or of numbers as text.
   */
  private static boolean isSettledByTheReaderAlone(String key, String value) {
    boolean name = key.equals("lockedProfile") || key.equals("defaultProfile");
    boolean text = key.endsWith("ScorePolicy") && !value.startsWith("\"");
    return value.equals("1e2") || (name && !value.equals("{}")) || (text && isScalar(value));
  }

  private static boolean isScalar(String value) {
    return !value.startsWith("{") && !value.startsWith("[");
  }

  @Test
  void theReaderAloneSeesWhatDoesNotGoTogether() {
    for (String json :
        List.of(
            "{\"defaultProfile\": \"q\", \"profiles\": {\"p\": {}}}",
            "{\"lockedProfile\": \"q\", \"profiles\": {\"p\": {}}}",
            routing("\"promptTokensGte\": 5, \"promptTokensLt\": 5"),
            routing("\"promptLenBucketMinLength\": 5, \"promptLenBucketMaxLength\": 4"))) {
      assertThat(schemaTakes(json)).as(json).isTrue();
      assertThat(readerTakes(json)).as(json).isFalse();
    }
  }

  @Test
  void theSchemaNamesEveryStrategy() {
    var named = new TreeSet<String>();
    JsonObject strategy =
        JsonParser.parseString(TEXT)
            .getAsJsonObject()
            .getAsJsonObject("$defs")
            .getAsJsonObject("strategy");
    JsonElement first = strategy.getAsJsonArray("anyOf").get(0);
    for (JsonElement name : first.getAsJsonObject().getAsJsonArray("enum")) {
      if (!name.isJsonNull() && !name.getAsString().isEmpty()) {
        named.add(name.getAsString());
      }
    }
    assertThat(named).isEqualTo(new TreeSet<>(StrategyCatalog.standard().names()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{'profiles': {}}",
        "{profiles: {}}",
        "{\"profiles\": {}} {}",
        "{\"profiles\": {},}",
        "{\"profiles\": {}} # a comment",
        "profiles: {}"
      })
  void whatIsNoJsonIsRefusedThoughItMayBeYaml(String text) {
    assertThatThrownBy(() -> reader.readJson("pod default/a", 1, text))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("pod default/a:1: ")
        .hasMessageEndingWith("not valid JSON");
  }

  @Test
  void errorsNameLineAndPathWhereverTheTextBegins() {
    String json = "{\"profiles\": {\n  \"p\": {\n    \"requestsPerSecond\": -1}}}";
    assertThatThrownBy(() -> reader.readJson("pod.yaml", 1, json))
        .hasMessageStartingWith("pod.yaml:3: profiles.p.requestsPerSecond: expected an integer");
    assertThatThrownBy(() -> reader.readJson("pod.yaml", 40, json))
        .hasMessageStartingWith("pod.yaml:42: profiles.p.requestsPerSecond: expected an integer");
    assertThatThrownBy(() -> reader.readJson("pod.yaml", 40, "{\"profiles\": {\n  \"p\": }}"))
        .hasMessage("pod.yaml:41: profiles.p: not valid JSON");
    assertThatThrownBy(() -> reader.readJson("a", 1, "{\"profiles\": {}, \"profiles\": {}}"))
        .hasMessage("a:1: profiles: duplicate key");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void randomDocumentsAreJudgedAlike(long seed) {
    var random = new SplittableRandom(seed);
    var counts = new int[2];
    for (int round = 0; round < 500; round++) {
      String json = randomDocument(random);
      assertThat(readerTakes(json)).as("seed %d: %s", seed, json).isEqualTo(schemaTakes(json));
      counts[schemaTakes(json) ? 1 : 0]++;
    }
    assertThat(counts[0]).isPositive();
    assertThat(counts[1]).isPositive();
  }

  /** Profiles of limits and parameters; hints are left out, since they depend on each other. */
  private static String randomDocument(SplittableRandom random) {
    var members = new ArrayList<String>();
    for (String key : keys("profile")) {
      if (!key.equals("routingConfig") && random.nextInt(3) == 0) {
        members.add("\"" + key + "\": " + randomValue(random, key.equals("routingStrategy")));
      }
    }
    var cache = new ArrayList<String>();
    for (String key : keys("prefixCache")) {
      if (random.nextInt(3) == 0) {
        cache.add("\"" + key + "\": " + randomValue(random, false));
      }
    }
    if (random.nextBoolean()) {
      members.add("\"routingConfig\": {\"prefixCache\": {" + String.join(", ", cache) + "}}");
    }
    return profile(String.join(", ", members));
  }

  private static String randomValue(SplittableRandom random, boolean strategy) {
    if (strategy && random.nextInt(8) > 0) {
      return random.nextBoolean() ? "\"random\"" : "\"prefix-cache\"";
    }
    return switch (random.nextInt(12)) {
      case 0 -> "null";
      case 1 -> "true";
      case 2 -> Integer.toString(random.nextInt(-3, 20));
      case 3 -> Integer.toString(random.nextInt(1, 200_000));
      default -> Integer.toString(random.nextInt(16, 60));
    };
  }
}
