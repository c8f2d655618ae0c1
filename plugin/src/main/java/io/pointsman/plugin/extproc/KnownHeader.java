package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A header whose values come from a small set, such as the addresses of pods: each mutation is
 * built once. Values that went out of use are forgotten with all others when there are too many.
 * Thread-safe.
 */
final class KnownHeader {
  private static final int MAX_VALUES = 4096;

  private final String name;
  private final ConcurrentHashMap<String, HeaderValueOption> byValue = new ConcurrentHashMap<>();

  KnownHeader(String name) {
    this.name = name;
  }

  /** The mutation that sets this value in place of whatever is there. */
  HeaderValueOption of(String value) {
    HeaderValueOption known = byValue.get(value);
    return known != null ? known : add(value);
  }

  private HeaderValueOption add(String value) {
    if (byValue.size() >= MAX_VALUES) {
      byValue.clear();
    }
    HeaderValueOption option = HeaderOptions.overwrite(name, value);
    byValue.put(value, option);
    return option;
  }
}
