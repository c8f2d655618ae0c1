package io.pointsman.plugin.blockmap;

import com.dynatrace.hash4j.hashing.Hasher64;
import com.dynatrace.hash4j.hashing.Hashing;
import io.pointsman.plugin.prompt.PromptSpans;
import io.pointsman.plugin.prompt.PromptSpans.Part;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Cuts a prompt into blocks and gives each a 64-bit key that stands for it and everything before
 * it. Two requests share their first n keys exactly if the first n blocks of what a model sees of
 * them are alike, however they were spelled.
 *
 * <p>What is cut is a canonical byte string that is never built: for each span a separator (0xff,
 * which no UTF-8 text contains, and the kind of span), then its bytes with JSON escapes resolved.
 * An image, sound or file counts by a hash of its bytes or URL. Only full blocks have a key.
 *
 * <p>A block that lies within one span without escapes, as nearly all do, is hashed where it lies;
 * others are put together in a small buffer. Each byte is hashed once. The key of block i mixes the
 * key of block i-1 with the hash of the block's bytes; the first is seeded with the block size and
 * the model's name, so that keys of different block sizes have nothing in common. Seeds are fixed,
 * so that all replicas agree; {@link #FORMAT} changes whenever this does.
 *
 * <p>One object belongs to one thread and is used again and again.
 */
final class PromptHasher {
  private static final int VERSION = 1;
  private static final long SEED = 0x706f696e74736d61L;
  private static final Hasher64 HASHER = Hashing.xxh3_64(SEED);
  private static final byte SEPARATOR = (byte) 0xff;

  /** A number that is the same for two programs exactly if their keys mean the same. */
  static final long FORMAT = mix(SEED, VERSION);

  private final EscapeReader escapes = new EscapeReader();
  private byte[] pending = new byte[256];
  private int pendingSize;
  private int blockBytes;
  private int maxBlocks;
  private long chain;
  private long[] keys = new long[64];
  private int size;

  /** Begins the chain of keys of blocks of this size. */
  static long seed(int blockBytes) {
    return mix(FORMAT, blockBytes);
  }

  /**
   * Computes the keys of a prompt; {@link #keys} and {@link #size} hold them until the next call.
   *
   * @param newBlockBytes size of a block, from 16
   * @param maxBytes how much of the prompt is looked at, from its start
   */
  void hash(String model, PromptSpans prompt, int newBlockBytes, int maxBytes) {
    blockBytes = newBlockBytes;
    maxBlocks = Math.max(1, maxBytes / blockBytes);
    if (pending.length < blockBytes) {
      pending = new byte[blockBytes];
    }
    pendingSize = 0;
    size = 0;
    byte[] name = model.getBytes(StandardCharsets.UTF_8);
    chain = mix(seed(blockBytes), HASHER.hashBytesToLong(name, 0, name.length));
    for (int i = 0; i < prompt.size() && size < maxBlocks; i++) {
      separator(prompt, i);
      if (prompt.part(i) == Part.MEDIA) {
        media(prompt, i);
      } else if (prompt.escaped(i)) {
        escapes.read(prompt.body(), prompt.start(i), prompt.end(i), this::text);
      } else {
        text(prompt.body(), prompt.start(i), prompt.end(i));
      }
    }
  }

  private void separator(PromptSpans prompt, int i) {
    put(SEPARATOR);
    put((byte) (code(prompt.part(i)) | (prompt.opens(i) ? 0x80 : 0)));
  }

  /** Fixed here, so that a part added or moved in the enum does not change what keys mean. */
  private static int code(Part part) {
    return switch (part) {
      case SALT -> 1;
      case SYSTEM -> 2;
      case TOOLS -> 3;
      case ROLE -> 4;
      case TEXT -> 5;
      case MEDIA -> 6;
      case TOKENS -> 7;
      case FIELD -> 8;
      case JSON -> 9;
    };
  }

  private void media(PromptSpans prompt, int i) {
    int start = prompt.start(i);
    long hash = HASHER.hashBytesToLong(prompt.body(), start, prompt.end(i) - start);
    for (int shift = 0; shift < Long.SIZE; shift += Byte.SIZE) {
      put((byte) (hash >>> shift));
    }
  }

  private void put(byte value) {
    pending[pendingSize++] = value;
    if (pendingSize == blockBytes) {
      block(pending, 0);
      pendingSize = 0;
    }
  }

  /** Takes bytes of the canonical string that lie together. */
  private void text(byte[] bytes, int start, int end) {
    int from = start;
    if (pendingSize > 0) {
      int taken = Math.min(blockBytes - pendingSize, end - start);
      System.arraycopy(bytes, start, pending, pendingSize, taken);
      pendingSize += taken;
      from += taken;
      if (pendingSize < blockBytes) {
        return;
      }
      block(pending, 0);
      pendingSize = 0;
    }
    while (end - from >= blockBytes && size < maxBlocks) {
      block(bytes, from);
      from += blockBytes;
    }
    if (size < maxBlocks) {
      pendingSize = end - from;
      System.arraycopy(bytes, from, pending, 0, pendingSize);
    }
  }

  private void block(byte[] bytes, int offset) {
    if (size == maxBlocks) {
      return;
    }
    if (size == keys.length) {
      keys = Arrays.copyOf(keys, 2 * size);
    }
    chain = mix(chain, HASHER.hashBytesToLong(bytes, offset, blockBytes));
    keys[size++] = chain;
  }

  /** Mixes two numbers into one, by the finaliser of MurmurHash3 over a combination of both. */
  private static long mix(long chain, long next) {
    long x = Long.rotateLeft(chain, 29) * 0x9e3779b97f4a7c15L + next;
    x = (x ^ (x >>> 33)) * 0xff51afd7ed558ccdL;
    x = (x ^ (x >>> 33)) * 0xc4ceb9fe1a85ec53L;
    return x ^ (x >>> 33);
  }

  /** Size of a block. */
  int blockBytes() {
    return blockBytes;
  }

  /** The keys; only the first {@link #size} count. */
  long[] keys() {
    return keys;
  }

  /** Number of full blocks. */
  int size() {
    return size;
  }
}
