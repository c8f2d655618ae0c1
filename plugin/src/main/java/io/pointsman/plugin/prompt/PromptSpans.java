package io.pointsman.plugin.prompt;

import java.util.Arrays;

/**
 * Pieces of prompt text as they stand in the body: the raw bytes between the quotes of a JSON
 * string, escapes not resolved. Each span has a {@link Part}. Filled by one scan, then only read;
 * not thread-safe.
 */
public final class PromptSpans {
  /** What a span is part of, in the order in which a model sees them. */
  public enum Part {
    SYSTEM,
    TOOLS,
    ROLE,
    TEXT,
    /** Bytes or URL of an image, audio or file. */
    MEDIA
  }

  private final byte[] body;
  private int[] bounds = new int[16];
  private Part[] parts = new Part[8];
  private int size;
  private int totalBytes;

  public PromptSpans(byte[] body) {
    this.body = body;
  }

  void add(Part part, int start, int end) {
    if (size == parts.length) {
      bounds = Arrays.copyOf(bounds, bounds.length * 2);
      parts = Arrays.copyOf(parts, parts.length * 2);
    }
    bounds[2 * size] = start;
    bounds[2 * size + 1] = end;
    parts[size] = part;
    size++;
    totalBytes += end - start;
  }

  /** The array that {@link #start} and {@link #end} index into. */
  public byte[] body() {
    return body;
  }

  /** Number of spans. */
  public int size() {
    return size;
  }

  /** First byte of span {@code i}. */
  public int start(int i) {
    return bounds[2 * i];
  }

  /** One past the last byte of span {@code i}. */
  public int end(int i) {
    return bounds[2 * i + 1];
  }

  public Part part(int i) {
    return parts[i];
  }

  /** Sum of all spans' lengths in bytes; a quarter of it estimates the tokens. */
  public int totalBytes() {
    return totalBytes;
  }
}
