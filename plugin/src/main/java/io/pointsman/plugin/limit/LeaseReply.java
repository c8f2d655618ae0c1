package io.pointsman.plugin.limit;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What Redis answered.
 *
 * @param micros its clock
 * @param replicas how many replicas there are
 * @param settled false while it gives nothing
 * @param created when its list of replicas began
 * @param list what the list is now, as a number
 * @param rank this replica's rank on it, or -1
 * @param known true if this replica is on it and all others have told that they know it
 * @param apartUntilMs by when the others know of this replica, or are gone
 * @param counters for each counter window, hold, sum of holds, and the limit that another replica
 *     has told, or 0 if that is the same
 */
record LeaseReply(
    long micros,
    int replicas,
    boolean settled,
    long created,
    long list,
    int rank,
    boolean known,
    long apartUntilMs,
    List<Long> counters) {
  private static final int VALUES = 4;

  LeaseReply {
    counters = List.copyOf(counters);
  }

  /** Null if the call came too late to count. */
  static @Nullable LeaseReply read(List<?> values) {
    if (values.isEmpty()) {
      return null;
    }
    List<Long> numbers = values.stream().map(value -> (Long) value).toList();
    return new LeaseReply(
        numbers.get(0),
        numbers.get(1).intValue(),
        numbers.get(2) == 1,
        numbers.get(3),
        numbers.get(4),
        numbers.get(5).intValue(),
        numbers.get(6) == 1,
        numbers.get(7),
        numbers.subList(LeaseScript.REPLY_HEAD, numbers.size()));
  }

  long window(int counter) {
    return counters.get(VALUES * counter);
  }

  long hold(int counter) {
    return counters.get(VALUES * counter + 1);
  }

  long sum(int counter) {
    return counters.get(VALUES * counter + 2);
  }

  long otherLimit(int counter) {
    return counters.get(VALUES * counter + 3);
  }
}
