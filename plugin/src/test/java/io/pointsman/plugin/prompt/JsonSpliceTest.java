package io.pointsman.plugin.prompt;

import static io.pointsman.plugin.prompt.JsonEdit.add;
import static io.pointsman.plugin.prompt.JsonEdit.forbid;
import static io.pointsman.plugin.prompt.JsonEdit.remove;
import static io.pointsman.plugin.prompt.JsonEdit.replace;
import static io.pointsman.plugin.prompt.JsonEdit.set;
import static io.pointsman.plugin.prompt.JsonEdit.within;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class JsonSpliceTest {
  @Test
  void aMemberThatIsThereGetsItsValueInItsPlace() {
    assertThat(splice("{\"a\" : 1.50 ,\n \"b\":2}", set("a", "null")))
        .isEqualTo("{\"a\" : null ,\n \"b\":2}");
  }

  @Test
  void aMemberThatIsNotThereComesLast() {
    assertThat(splice("{\"b\":2}", set("a", "1"))).isEqualTo("{\"b\":2,\"a\":1}");
    assertThat(splice("{}", set("a", "1"), set("b", "[]"))).isEqualTo("{\"a\":1,\"b\":[]}");
  }

  @Test
  void replacingDoesNotAdd() {
    assertThat(splice("{\"a\":1}", replace("a", "2"), replace("b", "3"))).isEqualTo("{\"a\":2}");
  }

  @Test
  void aMemberIsRemovedWithOneComma() {
    String text = "{\"a\":1,\"b\":[1,{\"a\":2}],\"c\":3}";
    assertThat(splice(text, remove("a"))).isEqualTo("{\"b\":[1,{\"a\":2}],\"c\":3}");
    assertThat(splice(text, remove("b"))).isEqualTo("{\"a\":1,\"c\":3}");
    assertThat(splice(text, remove("c"))).isEqualTo("{\"a\":1,\"b\":[1,{\"a\":2}]}");
    assertThat(splice(text, remove("a"), remove("b"), remove("c"))).isEqualTo("{}");
    assertThat(splice(text, remove("c"), remove("b"), set("d", "4")))
        .isEqualTo("{\"a\":1,\"d\":4}");
    assertThat(splice(text, remove("d"))).isEqualTo(text);
  }

  @Test
  void anObjectBelowIsEdited() {
    JsonEdit edit = within("o", set("x", "true"));
    assertThat(splice("{\"o\":{\"y\":1},\"x\":2}", edit))
        .isEqualTo("{\"o\":{\"y\":1,\"x\":true},\"x\":2}");
    assertThat(splice("{\"o\": null}", edit)).isEqualTo("{\"o\": {\"x\":true}}");
    assertThat(splice("{\"z\":0}", edit)).isEqualTo("{\"z\":0,\"o\":{\"x\":true}}");
    assertThat(refusal("{\"o\":[]}", edit)).isEqualTo("o must be an object");
  }

  @Test
  void aMemberThatIsForbiddenIsRefusedHoweverItIsSpelled() {
    String message = "kv is not for clients to set here";
    assertThat(refusal("{\"kv\":1}", add("kv", "2"))).isEqualTo(message);
    assertThat(refusal("{\"\\u006bv\":1}", add("kv", "2"))).isEqualTo(message);
    assertThat(refusal("{\"a\":1,\"k\\u0076\":null}", forbid("kv"))).isEqualTo(message);
    assertThat(splice("{\"KV\":1,\"o\":{\"kv\":1}}", forbid("kv")))
        .isEqualTo("{\"KV\":1,\"o\":{\"kv\":1}}");
  }

  @Test
  void aMemberThatIsThereTwiceIsRefusedHoweverItIsSpelled() {
    assertThat(refusal("{\"a\":1,\"b\":0,\"\\u0061\":1}", set("a", "2")))
        .isEqualTo("duplicate key: a");
    assertThat(refusal("{\"a\":1,\"a\":1}", remove("a"))).isEqualTo("duplicate key: a");
    assertThat(refusal("{\"o\":{\"a\":1,\"a\":1}}", within("o", set("a", "2"))))
        .isEqualTo("duplicate key: a");
  }

  @Test
  void whatNoEditNamesMayStandTwice() {
    assertThat(splice("{\"b\":1,\"b\":1}", set("a", "2"))).isEqualTo("{\"b\":1,\"b\":1,\"a\":2}");
  }

  @Test
  void whatIsNoObjectIsRefused() {
    assertThat(refusal("[]", set("a", "1"))).isEqualTo("the body is not a JSON object");
    assertThat(refusal("{\"a\":1", set("a", "1"))).contains("the body ends too early");
    assertThat(refusal("{\"a\":1} x", set("a", "1"))).contains("text after the end");
  }

  @Test
  void onlyThePartThatIsTheTextIsRead() {
    byte[] bytes = "xx{\"a\":1}yy".getBytes(UTF_8);
    var result = (SplicedBody) new JsonSplice(set("a", "2")).apply(bytes, 2, bytes.length - 4);
    assertThat(new String(result.bytes(), UTF_8)).isEqualTo("{\"a\":2}");
  }

  @Test
  void namesMustBePlain() {
    assertThatThrownBy(() -> remove("a\"")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> remove("\u00e9")).isInstanceOf(IllegalArgumentException.class);
  }

  private static String splice(String text, JsonEdit... edits) {
    SpliceResult result = new JsonSplice(Arrays.asList(edits)).apply(text.getBytes(UTF_8));
    assertThat(result).isInstanceOf(SplicedBody.class);
    return new String(((SplicedBody) result).bytes(), UTF_8);
  }

  private static String refusal(String text, JsonEdit... edits) {
    SpliceResult result = new JsonSplice(edits).apply(text.getBytes(UTF_8));
    assertThat(result).isInstanceOf(Malformed.class);
    return ((Malformed) result).message();
  }
}
