package io.pointsman.plugin.endpoint.engine;

import io.pointsman.plugin.endpoint.Endpoint;

/** An engine one of whose pages is looked at every now and then. Not thread-safe. */
abstract class PolledEngine {
  final Endpoint endpoint;
  final EngineKind kind;

  /** When the next look is due, by the clock that the registry goes by. */
  long due;

  boolean underWay;
  int failures;

  PolledEngine(Endpoint endpoint, EngineKind kind, long due) {
    this.endpoint = endpoint;
    this.kind = kind;
    this.due = due;
  }

  /** Where the page is, without scheme. */
  abstract String page();

  /** A look begins. */
  void looking() {}

  /** Takes a page over; false if it is none of the kind. */
  abstract boolean read(byte[] page, long now);
}
