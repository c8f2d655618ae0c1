package io.pointsman.plugin.limit;

/**
 * A replica's place among those that share the budgets, and so its part of each while it counts by
 * itself. Without talking to each other replicas must never take more than a budget together, also
 * where they know different lists of replicas:
 *
 * <ul>
 *   <li>By one list, in which each has its rank, they divide a budget to the last request: what
 *       does not divide evenly goes to some of the ranks, to others in each window.
 *   <li>A list counts once all that are on it have told that they know it. Whoever has heard of a
 *       new list takes no rank's share until then, and divides by the larger of the numbers: by
 *       either list that is no more than its part.
 *   <li>Whoever is on no such list yet takes nothing until {@link #apartUntilMs}: the others may
 *       not know of it.
 * </ul>
 *
 * @param replicas by how many a budget is divided
 * @param rank its rank among them, from 0; or {@link #NONE}
 * @param list the list that it knows; 0 for none
 * @param apartUntilMs windows that begin before are the others', by Redis' clock; 0 once it has
 *     been on a list that counts
 */
record Place(int replicas, int rank, long list, long apartUntilMs) {
  static final int NONE = -1;

  /** Where nobody has told of a list. */
  static Place unknown(int replicas) {
    return new Place(replicas, NONE, 0, 0);
  }

  /** What it may take of a limit in a window; the same as in {@link LeaseScript}. */
  long of(long limit, long window) {
    boolean one = rank != NONE && Math.floorMod(window + rank, (long) replicas) < limit % replicas;
    return limit / replicas + (one ? 1 : 0);
  }

  /** The same after an answer of Redis. */
  Place heard(LeaseReply reply) {
    if (reply.known()) {
      return new Place(reply.replicas(), reply.rank(), reply.list(), 0);
    }
    boolean joined = list != 0 && apartUntilMs == 0;
    int most = Math.max(replicas, reply.replicas());
    return new Place(most, NONE, reply.list(), joined ? 0 : reply.apartUntilMs());
  }
}
