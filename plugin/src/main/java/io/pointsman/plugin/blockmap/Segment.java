package io.pointsman.plugin.blockmap;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

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

  /** The value of a key, or 0 if it is not there. */
  long get(long key) {
    int home = home(key);
    for (int step = 0; step < WINDOW; step++) {
      int place = place(home, step);
      if (key(place) == key) {
        long value = value(place);
        return key(place) == key ? value : 0;
      }
    }
    return 0;
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

  /** A free place in a key's window, or -1. */
  int findFree(long key) {
    int home = home(key);
    for (int step = 0; step < WINDOW; step++) {
      int place = place(home, step);
      if (key(place) == 0) {
        return place;
      }
    }
    return -1;
  }

  /** Place number {@code step} of a key's window. */
  int windowPlace(long key, int step) {
    return place(home(key), step);
  }

  boolean compareAndSetValue(int place, long expected, long value) {
    return CELLS.compareAndSet(cells, 2 * place + 1, expected, value);
  }

  /** Gives a free place to a key; false if somebody was faster. */
  boolean claim(int place, long key, long value) {
    return CELLS.compareAndSet(cells, 2 * place, 0L, key)
        && CELLS.compareAndSet(cells, 2 * place + 1, 0L, value);
  }

  /** Frees a place that has this key and value; false if either has changed. */
  boolean free(int place, long key, long value) {
    return key(place) == key
        && CELLS.compareAndSet(cells, 2 * place + 1, value, 0L)
        && CELLS.compareAndSet(cells, 2 * place, key, 0L);
  }
}
