package io.pointsman.plugin.prompt;

import java.util.ArrayList;
import java.util.List;

/**
 * Changes members of the outermost object of a JSON text (RFC 8259), or of an object right below
 * it, and leaves every other byte as it is: the order of keys, white space, how numbers and strings
 * are spelled. So an engine that templates or hashes what it is sent sees the same in each copy of
 * a request.
 *
 * <p>A text is refused if it is no object, if a member that an edit names stands there twice (with
 * escapes in its key or without), or if it has a member that an edit forbids. The text is walked
 * once, and copied once.
 *
 * <p>Immutable; one instance serves all threads.
 */
public final class JsonSplice {
  private final JsonEdit[] edits;

  /** Makes a splice of these edits, each for a member of its own; members are added in order. */
  public JsonSplice(JsonEdit... edits) {
    this.edits = edits.clone();
  }

  /** Makes a splice of these edits, each for a member of its own; members are added in order. */
  public JsonSplice(List<JsonEdit> edits) {
    this(edits.toArray(JsonEdit[]::new));
  }

  /** Applies the edits to a text. */
  public SpliceResult apply(byte[] text) {
    return apply(text, 0, text.length);
  }

  /** Applies the edits to the text in {@code length} bytes from {@code offset}. */
  public SpliceResult apply(byte[] bytes, int offset, int length) {
    var run = new Run(bytes, offset, length);
    try {
      if (run.in.peek() != '{') {
        throw MalformedBody.body("the body is not a JSON object");
      }
      run.object(edits);
      run.in.expectEnd();
    } catch (MalformedBody e) {
      return e.result();
    }
    return new SplicedBody(run.spliced(offset, offset + length));
  }

  /** A piece of the text, and what takes its place. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Cut(int from, int to, byte[] by) {}

  /** One text on its way through. */
  private static final class Run {
    private static final byte[] NOTHING = new byte[0];

    final JsonCursor in;
    private final byte[] bytes;

    /** In the order of the text, none over another. */
    private final List<Cut> cuts = new ArrayList<>(8);

    Run(byte[] bytes, int offset, int length) {
      this.bytes = bytes;
      in = new JsonCursor(bytes, offset, length, false);
    }

    /** Walks the object that begins at the next byte. */
    void object(JsonEdit[] here) {
      boolean[] met = new boolean[here.length];
      boolean kept = false;
      int separator = in.position();
      for (boolean more = in.enterObject(); more; more = in.nextMember()) {
        int index = find(here);
        if (index < 0) {
          in.skipValue();
          kept = true;
        } else if (met[index]) {
          throw MalformedBody.body("duplicate key: " + here[index].name());
        } else {
          met[index] = true;
          kept |= member(here[index], separator, kept);
        }
        in.peek();
        separator = in.position();
      }
      add(here, met, kept, in.position() - 1);
    }

    private int find(JsonEdit[] here) {
      for (int i = 0; i < here.length; i++) {
        if (in.keyEquals(here[i].name())) {
          return i;
        }
      }
      return -1;
    }

    /**
     * Treats the member whose key was just read.
     *
     * @param separator where the brace or comma before it stands
     * @param kept true if a member before it stays
     * @return true if it stays
     */
    private boolean member(JsonEdit edit, int separator, boolean kept) {
      byte first = in.peek();
      int value = in.position();
      switch (edit.kind()) {
        case SET, REPLACE -> {
          in.skipValue();
          cuts.add(new Cut(value, in.position(), edit.json()));
        }
        case REMOVE -> {
          in.skipValue();
          boolean last = in.peek() == '}';
          int end = in.position();
          cuts.add(
              kept
                  ? new Cut(separator, end, NOTHING)
                  : new Cut(separator + 1, last ? end : end + 1, NOTHING));
          return false;
        }
        case ADD, FORBID ->
            throw MalformedBody.body(edit.name() + " is not for clients to set here");
        case WITHIN -> {
          if (first == '{') {
            object(edit.within().toArray(JsonEdit[]::new));
          } else if (first == 'n') {
            in.skipNull();
            cuts.add(new Cut(value, in.position(), made(edit)));
          } else {
            throw MalformedBody.body(edit.name() + " must be an object");
          }
        }
      }
      return true;
    }

    /**
     * Adds what was not met and is to be there.
     *
     * @param end where the closing brace stands
     */
    private void add(JsonEdit[] here, boolean[] met, boolean kept, int end) {
      boolean comma = kept;
      for (int i = 0; i < here.length; i++) {
        JsonEdit edit = here[i];
        if (met[i]) {
          continue;
        }
        switch (edit.kind()) {
          case SET, ADD -> cuts.add(new Cut(end, end, member(edit.name(), edit.json(), comma)));
          case WITHIN -> cuts.add(new Cut(end, end, member(edit.name(), made(edit), comma)));
          case REPLACE, REMOVE, FORBID -> {
            continue;
          }
        }
        comma = true;
      }
    }

    /** The object that edits make of an empty one. */
    private static byte[] made(JsonEdit edit) {
      byte[] empty = {'{', '}'};
      var run = new Run(empty, 0, empty.length);
      run.object(edit.within().toArray(JsonEdit[]::new));
      return run.spliced(0, empty.length);
    }

    private static byte[] member(String name, byte[] json, boolean comma) {
      int start = comma ? 1 : 0;
      byte[] member = new byte[start + name.length() + 3 + json.length];
      int at = 0;
      if (comma) {
        member[at++] = ',';
      }
      member[at++] = '"';
      for (int i = 0; i < name.length(); i++) {
        member[at++] = (byte) name.charAt(i);
      }
      member[at++] = '"';
      member[at++] = ':';
      System.arraycopy(json, 0, member, at, json.length);
      return member;
    }

    byte[] spliced(int start, int end) {
      int size = end - start;
      for (Cut cut : cuts) {
        size += cut.by.length - (cut.to - cut.from);
      }
      byte[] result = new byte[size];
      int from = start;
      int at = 0;
      for (Cut cut : cuts) {
        System.arraycopy(bytes, from, result, at, cut.from - from);
        at += cut.from - from;
        System.arraycopy(cut.by, 0, result, at, cut.by.length);
        at += cut.by.length;
        from = cut.to;
      }
      System.arraycopy(bytes, from, result, at, end - from);
      return result;
    }
  }
}
