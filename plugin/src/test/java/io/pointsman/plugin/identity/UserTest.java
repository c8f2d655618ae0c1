package io.pointsman.plugin.identity;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UserTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{\"name\":\"a\",\"rpm\":7,\"tpm\":900}|7|900",
        "{\"name\":\"a\",\"rpm\":7,\"tpm\":0}|7|7000",
        "{\"name\":\"a\",\"rpm\":0,\"tpm\":0}|100|100000",
        "{\"name\":\"a\"}|100|100000",
        "{}|100|100000",
        "{\"rpm\":-1,\"tpm\":\"x\"}|100|100000",
        "{\"rpm\":1e30,\"tpm\":1e300}|2147483647|9007199254740992",
        "{\"rpm\":5.0,\"tpm\":null}|5|5000",
      })
  void limitsAreThoseOfTheContract(String json, int requests, long tokens) {
    User user = requireNonNull(User.read("a", json));

    assertThat(user.limits()).isEqualTo(new Limits(requests, tokens, 0));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "no json", "[]", "7", "null", "{", "{\"rpm\":"})
  void whatIsNoObjectIsNoUser(String json) {
    assertThat(User.read("a", json)).isNull();
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3})
  void whatIsWrittenIsReadBack(long seed) {
    var random = new Random(seed);
    for (int i = 0; i < 200; i++) {
      var user =
          new User(
              "u" + random.nextInt(), random.nextInt(1 << 30), random.nextLong(Limits.MAX_TOKENS));
      assertThat(User.read(user.name(), user.toJson())).as("seed %d", seed).isEqualTo(user);
    }
  }

  @Test
  void isStoredInTheContractsForm() {
    assertThat(new User("alice", 1, 2).toJson())
        .isEqualTo("{\"name\":\"alice\",\"rpm\":1,\"tpm\":2}");
  }
}
