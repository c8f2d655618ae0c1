package io.pointsman.plugin.identity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.util.HashSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ApiKeyTest {
  @Test
  void aNewKeyHas256RandomBitsBehindItsScheme() {
    var random = new SecureRandom();
    var keys = new HashSet<String>();
    for (int i = 0; i < 1000; i++) {
      String key = ApiKey.generate(random);
      assertThat(key).matches("pm-[A-Za-z0-9_-]{43}");
      assertThat(key).startsWith(ApiKey.prefixOf(key));
      keys.add(key);
    }
    assertThat(keys).hasSize(1000);
    assertThat(ApiKey.prefixOf("pm-abcdefghijk")).isEqualTo("pm-abcdefg");
  }

  @ParameterizedTest
  @ValueSource(strings = {"a", "alice@example.org", "team a/batch", "x:y"})
  void whatIsPrintableIsAName(String name) {
    assertThat(ApiKey.checkName(name)).isEqualTo(name);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", " ", " a", "a ", "a\nb", "zoë", "\u007f"})
  void whatCouldBreakALineOrAHeaderIsNone(String name) {
    assertThatThrownBy(() -> ApiKey.checkName(name)).isInstanceOf(IllegalArgumentException.class);
    assertThat(ApiKey.isName("a".repeat(128))).isTrue();
    assertThat(ApiKey.isName("a".repeat(129))).isFalse();
  }

  @Test
  void noRecordShowsAHash() {
    var key = new ApiKey("a", KeyHash.of("secret"), "pm-1234567", "u", Limits.NONE, 1);

    assertThat(key.toString()).contains("pm-1234567").doesNotContain(key.hash().hex());
    assertThat(new ApiKeyStore.Creation.Created("pm-secret", key).toString())
        .doesNotContain("secret");
  }
}
