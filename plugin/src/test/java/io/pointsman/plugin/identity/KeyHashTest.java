package io.pointsman.plugin.identity;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyHashTest {
  @Test
  void isTheSha256OfTheKeysBytes() {
    assertThat(KeyHash.of("password").hex())
        .isEqualTo("5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8");
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void ofManyKeysEachIsFoundByItsHashAloneAndNoOther(long seed) throws Exception {
    var random = new Random(seed);
    var keys = new HashMap<KeyHash, String>();
    for (int i = 0; i < 500; i++) {
      String key = Long.toString(random.nextLong(), 36) + i;
      keys.put(KeyHash.of(key), key);
    }
    for (String key : keys.values()) {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(key.getBytes(UTF_8));
      KeyHash parsed = KeyHash.parse(HexFormat.of().formatHex(digest));
      assertThat(keys.get(parsed)).as("seed %d", seed).isEqualTo(key);
      assertThat(keys.get(KeyHash.of(key + "x"))).as("seed %d", seed).isNull();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 3, 4, 31})
  void hashesThatDifferInOneByteAreNotEqual(int at) {
    String hex = KeyHash.of("a").hex();
    char[] other = hex.toCharArray();
    other[2 * at] = other[2 * at] == '0' ? '1' : '0';

    assertThat(KeyHash.parse(new String(other))).isNotEqualTo(KeyHash.parse(hex));
    assertThat(KeyHash.parse(hex.toUpperCase(Locale.ROOT))).isEqualTo(KeyHash.of("a"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "pm-my-secret-key", "5e88", "zz"})
  void textThatIsNoHashIsRefusedWithoutBeingRepeated(String text) {
    assertThatThrownBy(() -> KeyHash.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("expected the 64 hexadecimal digits of a SHA-256")
        .hasNoCause();
  }

  @Test
  void saysNothingOfItself() {
    assertThat(KeyHash.of("password").toString()).isEqualTo("KeyHash[***]");
  }
}
