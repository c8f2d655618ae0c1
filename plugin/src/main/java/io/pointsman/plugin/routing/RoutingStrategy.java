package io.pointsman.plugin.routing;

/**
 * A way to choose the endpoint that serves a request. Implementations are pure decisions over what
 * they are shown: no I/O, no locks, no mutable state shared between requests. They are called on
 * gRPC event loops, several at a time.
 */
public interface RoutingStrategy {
  /** The name clients, profiles and metrics use, such as {@code least-request}. */
  String name();

  /** True if the decision looks at the prompt, so that the body must have been read. */
  boolean needsPrompt();

  /**
   * Chooses one candidate.
   *
   * @param candidates never empty; each load that is read from it becomes a condition of the
   *     reservation
   * @return index of the chosen candidate
   */
  int pick(RequestView request, CandidateView candidates);
}
