package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.common.ConfigException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class KeyFileReaderTest {
  private static final String HASH = KeyHash.of("secret").hex();

  @Test
  void keysAreReadWithUserAndLimits() throws Exception {
    var keys =
        KeyFileReader.read(
            "keys.yaml",
            """
            keys:
              - name: plain
                sha256: %s
              - name: full
                sha256: "%s"
                user: alice
                requestsPerMinute: 6
                tokensPerMinute: 7000000000
                requestsInFlight: 8
            """
                .formatted(HASH, KeyHash.of("other").hex()));

    assertThat(keys.get(KeyHash.of("secret")))
        .isEqualTo(new ApiKey("plain", KeyHash.of("secret"), "", null, Limits.NONE, 0));
    assertThat(keys.get(KeyHash.of("other")))
        .isEqualTo(
            new ApiKey(
                "full", KeyHash.of("other"), "", "alice", new Limits(6, 7_000_000_000L, 8), 0));
  }

  @Test
  void aFileMayHoldNoKeys() throws Exception {
    assertThat(KeyFileReader.read("keys.yaml", "keys: []")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{name: a, sha256: H}, {name: a, sha256: O}|keys[1]: there is another key of this name",
        "{name: a, sha256: H}, {name: b, sha256: H}|keys[1]: there is another key with this sha256",
        "{sha256: H}|keys[0]: \"name\" is missing",
        "{name: a}|keys[0]: \"sha256\" is missing",
        "{name: a, sha256: topsecret}|keys[0].sha256: expected the 64 hexadecimal digits",
        "{name: a, sha256: H, key: topsecret}|keys[0]: unknown key; known here: name, user",
        "{name: a, sha256: H, requestsPerMinute: -1}|requestsPerMinute: expected an integer from 0",
        "{name: \"a\\n\", sha256: H}|keys[0].name: expected a name",
        "{name: a, sha256: H, user: \"\"}|keys[0].user: must not be empty",
      })
  void whatIsWrongIsNamedWithItsLineAndNoSecret(String entries, String message) {
    String text =
        "# keys\nkeys: [" + entries.replace("H", HASH).replace("O", KeyHash.of("o").hex()) + "]";

    assertThatThrownBy(() -> KeyFileReader.read("keys.yaml", text))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("keys.yaml:2: ")
        .hasMessageContaining(message)
        .hasMessageNotContainingAny("topsecret", HASH);
  }

  /** Such as a Secret that holds a key, and no file of hashes. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "topsecret",
        "{topsecret: x}",
        "{keys: [], topsecret: x}",
        "{keys: [], topsecret: x, topsecret: y}",
        "keys: topsecret",
        "keys: [topsecret]",
        "keys: [[topsecret]]",
        "keys: {topsecret: x}",
        "keys: [{topsecret: x}]",
        "keys: [{name: a, sha256: {topsecret: x}}]",
        "keys: [{name: [topsecret], sha256: H}]",
        "keys: [{name: a, sha256: H, topsecret: x}]",
        "keys: [{name: a, sha256: H, user: {topsecret: x}}]",
        "keys: [{name: a, sha256: H, requestsPerMinute: topsecret}]",
        "keys: [{name: a, sha256: H, requestsInFlight: 7777777777}]",
        "keys: [{name: a, name: topsecret, sha256: H}]",
        "keys: *topsecret",
        "keys: !topsecret!x []",
        "keys: [\"topsecret\\q\"]",
        "keys: [topsecret",
        "keys: topsecret: x",
        "keys: [topsecret]\n---\ntopsecret: x",
        "[topsecret]: x",
        "keys: @topsecret",
        "keys: []\n\u0007topsecret: x",
      })
  void nothingOfTheFileIsRepeated(String text) {
    assertThatThrownBy(() -> KeyFileReader.read("keys.yaml", text.replace("H", HASH)))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("keys.yaml:")
        .hasMessageNotContainingAny("topsecret", HASH, "7777777777")
        .hasNoCause();
  }
}
