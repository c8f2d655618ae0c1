package io.pointsman.plugin.prompt;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Random objects in random spelling, edited by hand as lists of members and by the splice. */
class JsonSpliceAgainstPlainModelTest {
  private static final String[] NAMES = {"a", "bc", "text", "stream_options", "model", "x_y-z"};

  static LongStream seeds() {
    return LongStream.range(0, 400);
  }

  /** A member as it is written: what is before its value, the value, and what is behind. */
  private record Piece(String name, String before, String value, String after) {
    String text() {
      return before + value + after;
    }
  }

  /** An object: its members, or the white space in it if there are none. */
  private record Written(List<Piece> pieces, String space, Map<String, Written> objects) {
    String text() {
      return "{"
          + (pieces.isEmpty() ? space : join(pieces.stream().map(Piece::text).toList()))
          + "}";
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void editsComeToWhatTheModelSays(long seed) {
    var json = new RandomJson(seed);
    for (int round = 0; round < 20; round++) {
      Written object = object(json, 1);
      List<JsonEdit> edits = edits(json, 1);
      String before = json.space();
      String after = json.space();
      byte[] text = (before + object.text() + after).getBytes(UTF_8);
      String expected = edited(object, edits);

      SpliceResult result = new JsonSplice(edits).apply(text);

      String what = "seed " + seed + ", " + new String(text, UTF_8) + " by " + describe(edits);
      if (expected == null) {
        assertThat(result).as(what).isInstanceOf(Malformed.class);
      } else {
        assertThat(result).as(what).isInstanceOf(SplicedBody.class);
        assertThat(new String(((SplicedBody) result).bytes(), UTF_8))
            .as(what)
            .isEqualTo(before + expected + after);
      }
    }
  }

  @ParameterizedTest(name = "seed {0}")
  @MethodSource("seeds")
  void whatIsSpoiledIsRefusedOrStaysJson(long seed) {
    var json = new RandomJson(seed);
    for (int round = 0; round < 20; round++) {
      byte[] text = json.spoil(object(json, 1).text().getBytes(UTF_8));
      SpliceResult result = new JsonSplice(edits(json, 1)).apply(text);
      if (result instanceof SplicedBody body) {
        assertThat(isObject(text)).as("seed %d, before", seed).isTrue();
        assertThat(isObject(body.bytes())).as("seed %d, after", seed).isTrue();
      }
    }
  }

  private static boolean isObject(byte[] text) {
    try {
      return PlainJson.parse(text).value() instanceof PlainJson.Obj;
    } catch (PlainJson.NotJson e) {
      return false;
    }
  }

  private static Written object(RandomJson json, int depth) {
    List<Piece> pieces = new ArrayList<>();
    Map<String, Written> objects = new HashMap<>();
    for (int i = json.random.nextInt(6); i > 0; i--) {
      String name = json.oneOf(NAMES);
      String value = json.value(0);
      if (depth > 0 && json.chance(0.5)) {
        Written below = object(json, depth - 1);
        value = below.text();
        objects.put(value, below);
      }
      String before = json.space() + json.spelled(name) + json.space() + ":" + json.space();
      pieces.add(new Piece(name, before, value, json.space()));
    }
    return new Written(pieces, json.space(), objects);
  }

  private static List<JsonEdit> edits(RandomJson json, int depth) {
    List<String> names = new ArrayList<>(List.of(NAMES));
    Collections.shuffle(names, json.random);
    List<JsonEdit> edits = new ArrayList<>();
    for (String name : names.subList(0, json.random.nextInt(names.size()))) {
      switch (json.random.nextInt(depth > 0 ? 8 : 6)) {
        case 0, 1 -> edits.add(JsonEdit.set(name, json.value(1)));
        case 2, 3 -> edits.add(JsonEdit.remove(name));
        case 4 -> edits.add(JsonEdit.replace(name, json.value(1)));
        case 5 -> edits.add(json.chance(0.5) ? JsonEdit.add(name, "0") : JsonEdit.forbid(name));
        default ->
            edits.add(JsonEdit.within(name, edits(json, depth - 1).toArray(JsonEdit[]::new)));
      }
    }
    return edits;
  }

  /** What the edits make of an object, or null if it is refused. */
  private static @Nullable String edited(Written object, List<JsonEdit> edits) {
    Map<String, JsonEdit> byName = new HashMap<>();
    edits.forEach(edit -> byName.put(edit.name(), edit));
    Set<String> met = new HashSet<>();
    List<String> members = new ArrayList<>();
    for (Piece piece : object.pieces) {
      JsonEdit edit = byName.get(piece.name);
      if (edit == null) {
        members.add(piece.text());
        continue;
      }
      if (!met.add(piece.name)) {
        return null;
      }
      String value =
          switch (edit.kind()) {
            case SET, REPLACE -> new String(edit.json(), UTF_8);
            case REMOVE -> "";
            case ADD, FORBID -> null;
            case WITHIN -> below(object, piece, edit);
          };
      if (value == null) {
        return null;
      }
      if (edit.kind() != JsonEdit.Kind.REMOVE) {
        members.add(piece.before + value + piece.after);
      }
    }
    boolean space = object.pieces.isEmpty();
    for (JsonEdit edit : edits) {
      if (met.contains(edit.name())) {
        continue;
      }
      String value =
          switch (edit.kind()) {
            case SET, ADD -> new String(edit.json(), UTF_8);
            case WITHIN -> edited(new Written(List.of(), "", Map.of()), edit.within());
            case REPLACE, REMOVE, FORBID -> null;
          };
      if (value != null) {
        members.add("\"" + edit.name() + "\":" + value);
      }
    }
    return "{" + (space ? object.space : "") + join(members) + "}";
  }

  private static @Nullable String below(Written object, Piece piece, JsonEdit edit) {
    if (piece.value.equals("null")) {
      return edited(new Written(List.of(), "", Map.of()), edit.within());
    }
    Written below = object.objects.get(piece.value);
    if (below != null) {
      return edited(below, edit.within());
    }
    return null;
  }

  private static String join(List<String> members) {
    return String.join(",", members);
  }

  private static String describe(List<JsonEdit> edits) {
    var text = new StringBuilder();
    for (JsonEdit edit : edits) {
      text.append(edit.kind()).append(' ').append(edit.name()).append('=');
      text.append(new String(edit.json(), UTF_8)).append(describe(edit.within())).append("; ");
    }
    return text.toString();
  }
}
