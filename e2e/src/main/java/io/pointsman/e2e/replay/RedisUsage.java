package io.pointsman.e2e.replay;

import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import redis.clients.jedis.Jedis;

/**
 * What Redis has done and holds, by its own account.
 *
 * @param calls commands since its start, by name; INFO is left out
 * @param inputBytes received since its start
 * @param outputBytes sent since its start
 * @param memoryBytes allocated now
 */
record RedisUsage(Map<String, Long> calls, long inputBytes, long outputBytes, long memoryBytes) {
  private static final String CALLS = "calls=";
  private static final String COMMAND = "cmdstat_";

  RedisUsage {
    calls = Map.copyOf(calls);
  }

  /** Asks the Redis on this loopback port. */
  static RedisUsage read(int port) {
    try (var jedis = new Jedis("127.0.0.1", port)) {
      return parse(jedis.info("all"));
    }
  }

  /** Reads the answer to INFO. */
  static RedisUsage parse(String info) {
    var calls = new TreeMap<String, Long>();
    long input = 0;
    long output = 0;
    long memory = 0;
    for (String line : info.split("\r?\n", -1)) {
      int colon = line.indexOf(':');
      String key = colon < 0 ? line : line.substring(0, colon);
      String value = line.substring(colon + 1);
      if (key.startsWith(COMMAND)) {
        String name = key.substring(COMMAND.length()).toUpperCase(Locale.ROOT);
        if (!name.equals("INFO")) {
          calls.put(name, Long.parseLong(value.substring(CALLS.length(), value.indexOf(','))));
        }
      } else if (key.equals("total_net_input_bytes")) {
        input = Long.parseLong(value);
      } else if (key.equals("total_net_output_bytes")) {
        output = Long.parseLong(value);
      } else if (key.equals("used_memory")) {
        memory = Long.parseLong(value);
      }
    }
    return new RedisUsage(calls, input, output, memory);
  }

  /** What came on top since an earlier reading; memory may have shrunk. */
  RedisUsage since(RedisUsage earlier) {
    var more = new TreeMap<String, Long>();
    calls.forEach(
        (name, count) -> {
          long added = count - earlier.calls.getOrDefault(name, 0L);
          if (added > 0) {
            more.put(name, added);
          }
        });
    return new RedisUsage(
        more,
        inputBytes - earlier.inputBytes,
        outputBytes - earlier.outputBytes,
        memoryBytes - earlier.memoryBytes);
  }

  long commands() {
    return calls.values().stream().mapToLong(Long::longValue).sum();
  }
}
