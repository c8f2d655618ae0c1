package io.pointsman.plugin.blockmap;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicIntegerArray;

/**
 * Small numbers for endpoints, and a clock for each. A slot's clock counts epochs: it moves on when
 * a part of the time to live has passed, and when the endpoint was given a part of the blocks that
 * its cache can hold. So "not used for {@link Holders#VALID_EPOCHS} epochs" means both too old, and
 * surely evicted by the engine.
 *
 * <p>The slot of an endpoint that is gone is used again only after the map was swept of it. Clocks
 * are read and moved by any thread; {@link #assign} of a new endpoint, {@link #retain} and {@link
 * #recycle} take a lock, and happen when pools change.
 */
final class EndpointSlots {
  /** No slot: there are more endpoints than slots. */
  static final int NONE = 0;

  /** A clock may not run away from the sweep that takes expired holders out of the map. */
  private static final int MAX_UNSWEPT = Holders.VALID_EPOCHS * 3 / 4;

  /**
   * What holds blocks: an endpoint of a model, as long as its container is the same.
   *
   * @param container {@link Endpoint#container}
   */
  record Id(String model, EndpointKey key, String container) {
    static Id of(Endpoint endpoint) {
      return new Id(endpoint.model(), endpoint.key(), endpoint.container());
    }
  }

  private final Map<Id, Integer> slots = new ConcurrentHashMap<>();
  private final AtomicIntegerArray epochs = new AtomicIntegerArray(Holders.MAX_SLOTS);
  private final AtomicIntegerArray recorded = new AtomicIntegerArray(Holders.MAX_SLOTS);
  private final int[] swept = new int[Holders.MAX_SLOTS];
  private final Deque<Integer> free = new ArrayDeque<>();
  private final List<Integer> retired = new ArrayList<>();
  private Set<Id> missing = Set.of();
  private final int blocksPerEpoch;
  private int used = 1;

  /**
   * @param blocksPerEndpoint blocks that an endpoint's cache holds
   */
  EndpointSlots(int blocksPerEndpoint) {
    blocksPerEpoch = Math.max(1, blocksPerEndpoint / Holders.VALID_EPOCHS);
  }

  /** The slot of an endpoint, or {@link #NONE} if it has none. */
  int find(Id id) {
    return slots.getOrDefault(id, NONE);
  }

  /** The slot of an endpoint; gives it one if it has none. */
  int assign(Id id) {
    // Without the lock, for every request comes through here.
    Integer slot = slots.get(id);
    return slot != null ? slot : assignNew(id);
  }

  private synchronized int assignNew(Id id) {
    Integer slot = slots.get(id);
    if (slot != null) {
      return slot;
    }
    int given;
    if (!free.isEmpty()) {
      given = free.remove();
    } else if (used < Holders.MAX_SLOTS) {
      given = used++;
    } else {
      return NONE;
    }
    recorded.set(given, 0);
    slots.put(id, given);
    return given;
  }

  /**
   * Takes the slots of all endpoints that are missing now and were missing in the call before: one
   * that was given a slot a moment ago may not be among these yet.
   */
  synchronized void retain(Set<Id> present) {
    Set<Id> gone = new HashSet<>(slots.keySet());
    gone.removeAll(present);
    Set<Id> still = new HashSet<>(gone);
    still.retainAll(missing);
    missing = gone;
    for (Id id : still) {
      Integer slot = slots.remove(id);
      if (slot != null) {
        retired.add(slot);
      }
    }
  }

  /** Slots that no endpoint has any more, and that the map has yet to be swept of. */
  synchronized List<Integer> retired() {
    return List.copyOf(retired);
  }

  /** Says that the map was swept of these. */
  synchronized void recycle(List<Integer> sweptSlots) {
    retired.removeAll(sweptSlots);
    free.addAll(sweptSlots);
  }

  /** The slot's clock; only differences modulo {@link Holders#EPOCHS} mean anything. */
  int epoch(int slot) {
    return epochs.getOpaque(slot);
  }

  /** True if a holder has used its block recently enough to count. */
  boolean isValid(int holder) {
    int now = epoch(Holders.slot(holder));
    return Holders.age(Holders.epoch(holder), now) <= Holders.VALID_EPOCHS;
  }

  /** Counts a block that the endpoint was given anew. */
  void recorded(int slot) {
    if (recorded.incrementAndGet(slot) >= blocksPerEpoch) {
      recorded.set(slot, 0);
      advance(slot);
    }
  }

  /** Moves every clock on, for time that has passed. */
  void advanceAll() {
    for (int slot = 1; slot < used(); slot++) {
      advance(slot);
    }
  }

  private void advance(int slot) {
    int epoch = epochs.get(slot);
    if (epoch - swept[slot] < MAX_UNSWEPT) {
      epochs.compareAndSet(slot, epoch, epoch + 1);
    }
  }

  /** True if a clock has come so far that expired holders should be taken out soon. */
  boolean needsSweep() {
    for (int slot = 1; slot < used(); slot++) {
      if (epochs.get(slot) - swept[slot] >= MAX_UNSWEPT / 2) {
        return true;
      }
    }
    return false;
  }

  /** The clocks as they are when a sweep begins, for {@link #swept}. */
  int[] beginSweep() {
    int[] now = new int[used()];
    for (int slot = 1; slot < now.length; slot++) {
      now[slot] = epochs.get(slot);
    }
    return now;
  }

  /** Says that everything that had expired at these clocks is out of the map. */
  void swept(int[] clocks) {
    System.arraycopy(clocks, 0, swept, 0, clocks.length);
  }

  private synchronized int used() {
    return used;
  }
}
