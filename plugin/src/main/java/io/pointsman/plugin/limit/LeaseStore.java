package io.pointsman.plugin.limit;

import java.util.List;

/** Where leases are had: Redis. Blocks; for the thread that exchanges. */
interface LeaseStore {
  /**
   * Runs {@link LeaseScript}.
   *
   * @param counters ends of the counters' keys
   * @return its reply
   * @throws redis.clients.jedis.exceptions.JedisException if it is not known what came of it
   */
  List<?> exchange(List<String> counters, List<String> arguments);

  /** Takes this replica from the list. */
  void leave(String replica);
}
