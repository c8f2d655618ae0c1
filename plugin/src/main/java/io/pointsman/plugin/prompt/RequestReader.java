package io.pointsman.plugin.prompt;

import org.jspecify.annotations.Nullable;

/** Reads what routing needs from a request body, in one pass and without building a tree. */
public interface RequestReader {
  /**
   * Reads a body.
   *
   * @param api whose request it is
   * @param contentType the content-type header, or null; only multipart APIs look at it
   * @param body holds the body from {@code offset}; the result points into it
   * @param complete false if Envoy cut the body at its buffer limit: then what is missing behind
   *     the model name is no error
   */
  ReadResult read(
      Api api, @Nullable String contentType, byte[] body, int offset, int length, boolean complete);
}
