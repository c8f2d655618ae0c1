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
 * @param counters for each counter window, hold and sum of holds
 */
record LeaseReply(long micros, int replicas, boolean settled, long created, List<Long> counters) {
  static final int VALUES = 3;

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
}
