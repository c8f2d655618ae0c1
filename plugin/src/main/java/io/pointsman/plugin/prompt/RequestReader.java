package io.pointsman.plugin.prompt;

import org.jspecify.annotations.Nullable;

/**
 * Reads what routing needs from a request body, in one pass and without building a tree. Holds no
 * state: one instance serves all threads.
 *
 * <p>A body is refused when it is not valid JSON (RFC 8259, UTF-8, at most {@value
 * JsonCursor#MAX_DEPTH} levels deep), when a member that routing reads has the wrong type or stands
 * twice, or when one that its API requires is missing. All other members are left to the model
 * server. Memory used beside the body is bounded by {@link PromptSpans#MAX_SPANS}.
 */
public final class RequestReader {
  /**
   * Reads a body.
   *
   * @param api whose request it is
   * @param contentType the content-type header, or null; only multipart APIs look at it
   * @param body holds the body from {@code offset}; the result points into it
   * @param complete false if Envoy cut the body at its buffer limit: then what is missing behind
   *     the model name is no error
   */
  public ReadResult read(
      Api api,
      @Nullable String contentType,
      byte[] body,
      int offset,
      int length,
      boolean complete) {
    if (api.isMultipart()) {
      return readForm(contentType, body, offset, length, complete);
    }
    return new JsonBody(api, body, offset, length, !complete).read();
  }

  private static ReadResult readForm(
      @Nullable String contentType, byte[] body, int offset, int length, boolean complete) {
    String type = contentType == null ? "" : HeaderValue.type(contentType);
    if (contentType == null || !type.equals("multipart/form-data")) {
      boolean json = type.equals("application/json") || (length > 0 && body[offset] == '{');
      return json
          ? new Malformed(Malformed.Kind.BODY, "the body must be multipart/form-data, not JSON")
          : new Malformed(Malformed.Kind.MULTIPART, "the content type must be multipart/form-data");
    }
    try {
      return new MultipartForm(contentType, body, offset, length, !complete).read();
    } catch (MalformedBody e) {
      return e.result();
    }
  }
}
