package io.pointsman.plugin.routing;

/**
 * A way to choose the endpoint that serves a request. Implementations decide by what they are
 * shown: no I/O, no locks; what they remember of requests is bounded and lock-free. They are called
 * on gRPC event loops, several at a time.
 */
public interface RoutingStrategy {
  /** The name clients, profiles and metrics use, such as {@code least-request}. */
  String name();

  /** True if the decision looks at what candidates hold of the prompt. */
  boolean needsPrompt();

  /** True if the decision looks at the body, so that it must have been read. */
  default boolean needsBody() {
    return needsPrompt();
  }

  /** True if the decision goes by the session; the client is told its id then. */
  default boolean usesSession() {
    return false;
  }

  /**
   * Chooses one candidate.
   *
   * @param candidates never empty; each load that is read from it becomes a condition of the
   *     reservation
   * @return index of the chosen candidate; -1 if none fits, which only strategies that look at more
   *     than loads may say
   */
  int pick(RequestView request, CandidateView candidates);

  /** The request was reserved where {@link #pick} said. */
  default void picked(RequestView request) {}
}
