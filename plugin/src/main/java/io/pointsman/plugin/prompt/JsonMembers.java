package io.pointsman.plugin.prompt;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Takes pieces out of JSON texts (RFC 8259) as they are spelled there. */
public final class JsonMembers {
  private JsonMembers() {}

  /**
   * The value of a member of the outermost object, as its bytes in the text; of several the last.
   *
   * @return null if there is none, or the text is no JSON object
   */
  public static byte @Nullable [] member(byte[] text, String name) {
    var in = new JsonCursor(text, 0, text.length, false);
    byte[] found = null;
    try {
      if (in.peek() != '{') {
        return null;
      }
      for (boolean more = in.enterObject(); more; more = in.nextMember()) {
        boolean wanted = in.keyEquals(name);
        byte[] value = value(in, wanted);
        found = wanted ? value : found;
      }
      in.expectEnd();
    } catch (MalformedBody e) {
      return null;
    }
    return found;
  }

  /** The first element of an array, as its bytes in the text; null if there is none. */
  public static byte @Nullable [] firstElement(byte[] text) {
    var in = new JsonCursor(text, 0, text.length, false);
    try {
      return in.peek() == '[' && in.enterArray() ? value(in, true) : null;
    } catch (MalformedBody e) {
      return null;
    }
  }

  /** True if the text is a JSON object. */
  public static boolean isObject(byte[] text) {
    var in = new JsonCursor(text, 0, text.length, false);
    try {
      if (in.peek() != '{') {
        return false;
      }
      in.skipValue();
      in.expectEnd();
      return true;
    } catch (MalformedBody e) {
      return false;
    }
  }

  private static byte @Nullable [] value(JsonCursor in, boolean wanted) {
    in.peek();
    int from = in.position();
    in.skipValue();
    return wanted ? Arrays.copyOfRange(in.bytes(), from, in.position()) : null;
  }
}
