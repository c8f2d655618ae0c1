package io.pointsman.plugin.limit;

/** What becomes of a request that has limits. */
public sealed interface Verdict {
  /** Everything it needs is charged. */
  record Admitted() implements Verdict {}

  /**
   * A limit is reached.
   *
   * @param limit which
   * @param most what it allows in a window, or at once
   * @param resetMs milliseconds until its window ends; 0 where requests in flight are counted
   */
  record Refused(Limit limit, long most, long resetMs) implements Verdict {}

  /** Nobody can say whether a limit is reached, and the setting is to refuse then. */
  record Unavailable(Limit limit) implements Verdict {}
}
