package io.pointsman.plugin.prompt;

import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * What {@link JsonSplice} does with one member of an object, named as it is without escapes.
 * Immutable, and so are the bytes that it is given.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record JsonEdit(Kind kind, String name, byte[] json, List<JsonEdit> within) {
  private static final byte[] NOTHING = new byte[0];

  /** Ways to treat a member. */
  enum Kind {
    SET,
    REPLACE,
    REMOVE,
    ADD,
    FORBID,
    WITHIN
  }

  /**
   * @throws IllegalArgumentException if the name is not plain ASCII
   */
  public JsonEdit {
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c < ' ' || c > '~' || c == '"' || c == '\\') {
        throw new IllegalArgumentException("name must be plain ASCII: " + name);
      }
    }
    within = List.copyOf(within);
  }

  /** Gives the member this value, in its place if it is there, else at the object's end. */
  public static JsonEdit set(String name, String json) {
    return set(name, json.getBytes(StandardCharsets.UTF_8));
  }

  /** As {@link #set(String, String)}, with the value's UTF-8 bytes. */
  public static JsonEdit set(String name, byte[] json) {
    return new JsonEdit(Kind.SET, name, json, List.of());
  }

  /** Gives the member this value if it is there. */
  public static JsonEdit replace(String name, String json) {
    return new JsonEdit(Kind.REPLACE, name, json.getBytes(StandardCharsets.UTF_8), List.of());
  }

  /** Takes the member away if it is there. */
  public static JsonEdit remove(String name) {
    return new JsonEdit(Kind.REMOVE, name, NOTHING, List.of());
  }

  /** Adds the member at the object's end. That it is there already is refused. */
  public static JsonEdit add(String name, String json) {
    return add(name, json.getBytes(StandardCharsets.UTF_8));
  }

  /** As {@link #add(String, String)}, with the value's UTF-8 bytes. */
  public static JsonEdit add(String name, byte[] json) {
    return new JsonEdit(Kind.ADD, name, json, List.of());
  }

  /** That the member is there is refused. */
  public static JsonEdit forbid(String name) {
    return new JsonEdit(Kind.FORBID, name, NOTHING, List.of());
  }

  /**
   * Edits the object that is the member's value. If there is no such member, or it is null, it
   * becomes the object that these edits make of an empty one; if it is of another kind, that is
   * refused.
   *
   * @param edits any but others of this kind
   */
  public static JsonEdit within(String name, JsonEdit... edits) {
    return new JsonEdit(Kind.WITHIN, name, NOTHING, List.of(edits));
  }
}
