package io.pointsman.plugin.blockmap;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** What {@link PromptHasher} must give, written plainly: build the string, cut it, hash it. */
final class ReferenceHasher {
  private static final Hasher64 HASHER = Hashing.xxh3_64(0x706f696e74736d61L);

  private final ByteArrayOutputStream canonical = new ByteArrayOutputStream();
  private final String model;
  private final int blockBytes;

  ReferenceHasher(String model, int blockBytes) {
    this.model = model;
    this.blockBytes = blockBytes;
  }

  void span(int code, boolean opens, String text) {
    canonical.write(0xff);
    canonical.write(code + (opens ? 0x80 : 0));
    canonical.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  long[] keys() {
    byte[] bytes = canonical.toByteArray();
    long[] keys = new long[bytes.length / blockBytes];
    long chain =
        mix(
            PromptHasher.seed(blockBytes),
            HASHER.hashBytesToLong(model.getBytes(StandardCharsets.UTF_8)));
    for (int i = 0; i < keys.length; i++) {
      chain = mix(chain, HASHER.hashBytesToLong(bytes, i * blockBytes, blockBytes));
      keys[i] = chain;
    }
    return keys;
  }

  private static long mix(long chain, long next) {
    long x = Long.rotateLeft(chain, 29) * 0x9e3779b97f4a7c15L + next;
    x ^= x >>> 33;
    x *= 0xff51afd7ed558ccdL;
    x ^= x >>> 33;
    x *= 0xc4ceb9fe1a85ec53L;
    x ^= x >>> 33;
    return x;
  }
}
