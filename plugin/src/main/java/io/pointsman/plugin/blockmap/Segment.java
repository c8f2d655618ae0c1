package io.pointsman.plugin.blockmap;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * A part of the table: key, value, key, value in one array. A key stands in one of {@link #WINDOW}
 * places that begin at its home and wrap around, so a look-up reads a few neighbouring cache lines
 * and a removed key needs no marker.
 *
 * <p>An entry is claimed and given up in three steps that other threads may see: its value becomes
 * zero, its key changes, it gets a value. Who meets a zero value stays away from the entry, so no
 * thread can write a holder of one block into the entry of another. A reader looks at the key once
 * more after the value.
 */
final class Segment {
  /** Places where a key may stand. */
  static final int WINDOW = 16;

  /** How far from its home a free place is looked for, to be moved into the window. */
  private static final int REACH = 4 * WINDOW;

  private static final VarHandle CELLS = MethodHandles.arrayElementVarHandle(long[].class);

  private final long[] cells;
  private final int size;

  /**
   * @param size places, at least {@link #WINDOW}
   */
  Segment(int size) {
    this.size = size;
    this.cells = new long[2 * size];
  }

  int size() {
    return size;
  }

  /** The place where a key's window begins. */
  private int home(long key) {
    return (int) (((key & 0xffffffffL) * size) >>> 32);
  }

  private int place(int home, int step) {
    int place = home + step;
    return place < size ? place : place - size;
  }

  long key(int place) {
    return (long) CELLS.getAcquire(cells, 2 * place);
  }

  long value(int place) {
    return (long) CELLS.getAcquire(cells, 2 * place + 1);
  }

  /**
   * Brings the beginning of a key's window into the processor's caches. What it returns means
   * nothing, but must go somewhere, or the read would be left out.
   */
  long touch(long key) {
    return cells[2 * home(key)];
  }

  /** The value of a key, or 0 if it is not there. */
  long get(long key) {
    int home = home(key);
    for (int step = 0; step < WINDOW; step++) {
      int place = place(home, step);
      if (key(place) == key) {
        long value = value(place);
        if (value != 0 && key(place) == key) {
          return value;
        }
        // It was moved meanwhile: further on, for moves go no other way.
      }
    }
    return 0;
  }

  /**
   * The values of neighbouring words, found in one search.
   *
   * @param members those that are looked for, as bits; others may be found as well
   * @param words gets the values, or 0, by member
   */
  void getGroup(long groupKey, int members, long[] words) {
    Arrays.fill(words, 0);
    int home = home(groupKey);
    int missing = members;
    for (int step = 0; step < WINDOW && missing != 0; step++) {
      int place = place(home, step);
      long key = key(place);
      int member = WideWord.member(groupKey, key);
      if (member >= 0) {
        long value = value(place);
        if (value != 0 && key(place) == key) {
          words[member] = value;
          missing &= ~(1 << member);
        }
      }
    }
  }

  /** The place of a key, or -1. */
  int find(long key) {
    int home = home(key);
    for (int step = 0; step < WINDOW; step++) {
      int place = place(home, step);
      if (key(place) == key) {
        return place;
      }
    }
    return -1;
  }

  /** True if a key stands in another place than this one as well. */
  boolean standsElsewhere(long key, int place) {
    int home = home(key);
    for (int step = 0; step < WINDOW; step++) {
      int other = place(home, step);
      if (other != place && key(other) == key) {
        return true;
      }
    }
    return false;
  }

  /**
   * A free place in a key's window, or -1. If the window is full, entries that may also stand
   * further on are moved there, as in hopscotch hashing (Herlihy, Shavit, Tzafrir 2008); so a
   * segment is nearly full before a key finds no place in it.
   */
  int findFree(long key) {
    int free = findFreeInWindow(key);
    return free >= 0 ? free : makeRoom(home(key));
  }

  private int findFreeInWindow(long key) {
    int home = home(key);
    for (int step = 0; step < WINDOW; step++) {
      int place = place(home, step);
      if (key(place) == 0) {
        return place;
      }
    }
    return -1;
  }

  private int makeRoom(int home) {
    int distance = WINDOW;
    while (distance < REACH && distance < size && key(place(home, distance)) != 0) {
      distance++;
    }
    if (distance >= Math.min(REACH, size)) {
      return -1;
    }
    while (distance >= WINDOW) {
      int nearer = moveInto(home, distance);
      if (nearer < 0) {
        return -1;
      }
      distance = nearer;
    }
    return place(home, distance);
  }

  /**
   * Moves an entry that stands before a free place into it.
   *
   * @return how far from home the place is that became free, or -1
   */
  private int moveInto(int home, int freeDistance) {
    int free = place(home, freeDistance);
    for (int distance = freeDistance - WINDOW + 1; distance < freeDistance; distance++) {
      int place = place(home, distance);
      long key = key(place);
      long value = value(place);
      if (key != 0 && value != 0 && distance(home(key), free) < WINDOW) {
        return move(place, free, key, value) ? distance : -1;
      }
    }
    return -1;
  }

  /** For a moment the entry stands in both places, so that a look-up always finds it. */
  private boolean move(int from, int to, long key, long value) {
    if (!claim(to, key, value)) {
      return false;
    }
    if (free(from, key, value)) {
      return true;
    }
    free(to, key, value);
    return false;
  }

  private int distance(int from, int to) {
    return to >= from ? to - from : to - from + size;
  }

  /** Place number {@code step} of a key's window. */
  int windowPlace(long key, int step) {
    return place(home(key), step);
  }

  /**
   * Replaces the value of a key. If meanwhile the key has left this place and another one, by
   * chance with the same value, has come, that one's value is put back.
   *
   * @return false if key or value have changed
   */
  boolean replaceValue(int place, long key, long expected, long value) {
    if (value == expected) {
      return key(place) == key;
    }
    if (!CELLS.compareAndSet(cells, 2 * place + 1, expected, value)) {
      return false;
    }
    if (key(place) == key) {
      return true;
    }
    CELLS.compareAndSet(cells, 2 * place + 1, value, expected);
    return false;
  }

  /** Gives a free place to a key; false if somebody was faster. */
  boolean claim(int place, long key, long value) {
    return CELLS.compareAndSet(cells, 2 * place, 0L, key)
        && CELLS.compareAndSet(cells, 2 * place + 1, 0L, value);
  }

  /** Puts a key that is not there; false if there is no place, or another thread is in the way. */
  boolean put(long key, long value) {
    int place = findFree(key);
    return place >= 0 && claim(place, key, value);
  }

  /** Adds the holders of a block to those that stand here. */
  void merge(long key, long value) {
    for (int attempt = 0; attempt < WINDOW; attempt++) {
      int place = find(key);
      if (place < 0) {
        int free = findFree(key);
        boolean put = free >= 0 && claim(free, key, value);
        if (put && !(standsElsewhere(key, free) && free(free, key, value))) {
          return;
        }
        continue;
      }
      long old = value(place);
      long merged = Holders.merge(old, value);
      if (merged == old || replaceValue(place, key, old, merged)) {
        return;
      }
    }
  }

  /** A copy of the entries that nobody is writing. */
  Segment snapshot() {
    var copy = new Segment(size);
    for (int place = 0; place < size; place++) {
      long key = key(place);
      long value = value(place);
      if (key != 0 && value != 0 && key(place) == key) {
        copy.cells[2 * place] = key;
        copy.cells[2 * place + 1] = value;
      }
    }
    return copy;
  }

  /** Frees a place that has this key and value; false if either has changed. */
  boolean free(int place, long key, long value) {
    if (key(place) != key || !CELLS.compareAndSet(cells, 2 * place + 1, value, 0L)) {
      return false;
    }
    if (CELLS.compareAndSet(cells, 2 * place, key, 0L)) {
      return true;
    }
    // The key has left meanwhile, and one with the same value has come: it gets its value back.
    CELLS.compareAndSet(cells, 2 * place + 1, 0L, value);
    return false;
  }
}
