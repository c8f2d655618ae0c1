package io.pointsman.e2e.modelserver;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Where the two sides of a request meet, as on SGLang's bootstrap server: the prefill side begins
 * when the decode side is there, and the decode side gets the KV cache when it is computed. Whoever
 * comes first waits. Each room is used once. Thread-safe.
 */
final class Rooms {
  private static final class Room {
    final CompletableFuture<Void> decodeIsThere = new CompletableFuture<>();
    final CompletableFuture<KvCopy> computed = new CompletableFuture<>();
    boolean hasPrefill;
    boolean hasDecode;
  }

  private final long patienceMillis;
  private final Map<Long, Room> rooms = new HashMap<>();

  /**
   * @param patienceMillis how long one side waits for the other
   */
  Rooms(long patienceMillis) {
    this.patienceMillis = patienceMillis;
  }

  /** The prefill side comes; completes when the decode side is there, too. */
  CompletableFuture<Void> enterForPrefill(long number) {
    Room room = room(number);
    synchronized (this) {
      if (room.hasPrefill) {
        return CompletableFuture.failedFuture(taken(number));
      }
      room.hasPrefill = true;
    }
    return room.decodeIsThere;
  }

  /** The decode side comes; completes with what the prefill side has computed. */
  CompletableFuture<KvCopy> enterForDecode(long number) {
    Room room = room(number);
    synchronized (this) {
      if (room.hasDecode) {
        return CompletableFuture.failedFuture(taken(number));
      }
      room.hasDecode = true;
    }
    room.decodeIsThere.complete(null);
    return room.computed;
  }

  /** The prefill side hands over, if the decode side still waits. */
  void deliver(long number, KvCopy copy) {
    Room room;
    synchronized (this) {
      room = rooms.get(number);
    }
    if (room != null) {
      room.computed.complete(copy);
    }
  }

  /** Rooms in which somebody waits. */
  synchronized int open() {
    return rooms.size();
  }

  private synchronized Room room(long number) {
    Room known = rooms.get(number);
    if (known != null) {
      return known;
    }
    var room = new Room();
    rooms.put(number, room);
    CompletableFuture<?> unused =
        room.computed
            .orTimeout(patienceMillis, TimeUnit.MILLISECONDS)
            .whenComplete((copy, failure) -> leave(number, room));
    return room;
  }

  private void leave(long number, Room room) {
    synchronized (this) {
      rooms.remove(number);
    }
    room.decodeIsThere.completeExceptionally(
        new TransferFailure("room " + number + ": nobody came to fetch"));
  }

  private static TransferFailure taken(long number) {
    return new TransferFailure("room " + number + " is taken");
  }
}
