package io.pointsman.plugin.identity;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/**
 * Reads a file of API keys. Only hashes of keys stand in it.
 *
 * <pre>
 * keys:
 *   - name: batch-jobs
 *     sha256: 5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8
 *     user: alice               # optional
 *     requestsPerMinute: 600    # optional, as are the next two
 *     tokensPerMinute: 1000000
 *     requestsInFlight: 20
 * </pre>
 */
final class KeyFileReader {
  private KeyFileReader() {}

  /**
   * The keys of a file, by hash. A file with {@code keys: []} has none.
   *
   * @throws ConfigException if something in it is wrong; says where, and repeats nothing of the
   *     file, for a key may stand anywhere in it by mistake
   */
  static Map<KeyHash, ApiKey> read(String source, String text) throws ConfigException {
    YamlMap document = YamlNode.parseUnquoted(source, text).map();
    var keys = new HashMap<KeyHash, ApiKey>();
    Set<String> names = new HashSet<>();
    for (YamlNode node : document.required("keys").list()) {
      ApiKey key = key(node.map());
      if (!names.add(key.name())) {
        throw node.error("there is another key of this name");
      }
      if (keys.put(key.hash(), key) != null) {
        throw node.error("there is another key with this sha256");
      }
    }
    document.rejectUnknownKeys();
    return Map.copyOf(keys);
  }

  private static ApiKey key(YamlMap map) throws ConfigException {
    String name = name(map.required("name"));
    YamlNode user = map.get("user");
    var limits =
        new Limits(
            (int) map.integer("requestsPerMinute", 0, Limits.MAX_REQUESTS, 0),
            map.integer("tokensPerMinute", 0, Limits.MAX_TOKENS, 0),
            (int) map.integer("requestsInFlight", 0, Limits.MAX_REQUESTS, 0));
    var key =
        new ApiKey(
            name, hash(map.required("sha256")), "", user == null ? null : name(user), limits, 0);
    map.rejectUnknownKeys();
    return key;
  }

  private static String name(YamlNode node) throws ConfigException {
    try {
      return ApiKey.checkName(node.string());
    } catch (IllegalArgumentException e) {
      throw node.error(String.valueOf(e.getMessage()));
    }
  }

  private static KeyHash hash(YamlNode node) throws ConfigException {
    try {
      return KeyHash.parse(node.string());
    } catch (IllegalArgumentException e) {
      throw node.error(String.valueOf(e.getMessage()));
    }
  }
}
