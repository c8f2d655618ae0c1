package io.pointsman.plugin.extproc;

import java.util.Collection;
import java.util.Collections;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The streams that are open, and whether the decided ones among them are to end. Thread-safe. */
final class OpenStreams {
  private final Set<RequestStream> streams = ConcurrentHashMap.newKeySet();
  private volatile boolean draining;

  void add(RequestStream stream) {
    streams.add(stream);
  }

  void remove(RequestStream stream) {
    streams.remove(stream);
  }

  /** A live view. */
  Collection<RequestStream> all() {
    return Collections.unmodifiableSet(streams);
  }

  /** True once streams are to end as soon as their request is decided. */
  boolean draining() {
    return draining;
  }

  /** Begins to drain: a stream sees it when it looks next, and those that only wait are told. */
  void drain() {
    draining = true;
    for (RequestStream stream : streams) {
      stream.endIfDrained();
    }
  }
}
