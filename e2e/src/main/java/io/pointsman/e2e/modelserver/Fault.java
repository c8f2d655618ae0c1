package io.pointsman.e2e.modelserver;

import java.time.Duration;

/** What can be wrong with a server. Health, model list and metrics fail only with the port. */
public sealed interface Fault {
  /** When a request goes wrong. */
  enum Stage {
    BEFORE_HEADERS,
    /** After the headers and the first piece of the body. */
    AFTER_FIRST_BYTES
  }

  /** The port is closed: connections are refused, and those that are open are cut. */
  record Refuse() implements Fault {}

  /** The connection is reset (RST). */
  record Reset(Stage stage) implements Fault {}

  /** What comes back is not HTTP. */
  record Garbage() implements Fault {}

  /** Nothing comes until {@link SampleModelServer#release} or {@link SampleModelServer#heal}. */
  record Hang(Stage stage) implements Fault {}

  /** Every request gets this status and an error body. */
  record Status(int code) implements Fault {}

  /** Every request is taken up this much later. */
  record Slow(Duration delay) implements Fault {}

  /** Every request gets status 200 and a JSON body of this length, which no one can want. */
  record Oversized(long bytes) implements Fault {}

  /** A stream's status and headers are sent before anything is known of its outcome. */
  record EarlyHeaders() implements Fault {}

  /** Each n-th request meets the fault, one that strikes before the headers; others meet none. */
  record EachNth(int n, Fault fault) implements Fault {}
}
