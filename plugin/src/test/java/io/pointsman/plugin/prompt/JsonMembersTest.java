package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class JsonMembersTest {
  @Test
  void aMembersValueIsTakenAsItIsSpelled() {
    assertThat(member("{\"x\":1, \"a\" : [1.50, {\"a\":2}] ,\"y\":\"a\"}"))
        .isEqualTo("[1.50, {\"a\":2}]");
    assertThat(member("{\"\\u0061\":\"\\u00e9\"}")).isEqualTo("\"\\u00e9\"");
    assertThat(member("{\"a\":1,\"a\":2}")).isEqualTo("2");
  }

  @Test
  void whatIsNotThereOrNoObjectGivesNothing() {
    for (String text :
        new String[] {"{}", "{\"b\":1}", "[]", "", "{\"a\":1", "{\"a\":1} x", "nul"}) {
      assertThat(member(text)).as(text).isNull();
    }
  }

  @Test
  void anArraysFirstElementIsTaken() {
    assertThat(first("[ {\"a\":1} , 2]")).isEqualTo("{\"a\":1}");
    assertThat(first("[]")).isNull();
    assertThat(first("{}")).isNull();
    assertThat(first("[")).isNull();
  }

  @Test
  void onlyAnObjectIsOne() {
    assertThat(JsonMembers.isObject(" {\"a\":[]} ".getBytes(UTF_8))).isTrue();
    for (String text : new String[] {"[]", "{} {}", "{\"a\"}", "1", ""}) {
      assertThat(JsonMembers.isObject(text.getBytes(UTF_8))).as(text).isFalse();
    }
  }

  private static @Nullable String member(String text) {
    return text(JsonMembers.member(text.getBytes(UTF_8), "a"));
  }

  private static @Nullable String first(String text) {
    return text(JsonMembers.firstElement(text.getBytes(UTF_8)));
  }

  private static @Nullable String text(byte @Nullable [] bytes) {
    return bytes == null ? null : new String(bytes, UTF_8);
  }
}
