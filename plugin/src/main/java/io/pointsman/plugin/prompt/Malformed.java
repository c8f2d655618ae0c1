package io.pointsman.plugin.prompt;

/**
 * A body that cannot be routed.
 *
 * @param kind which documented error it is
 * @param message for the client: what is wrong, with no content of the request in it
 */
public record Malformed(Kind kind, String message) implements ReadResult, SpliceResult {
  /** Which documented error a malformed body is. */
  public enum Kind {
    /** Not valid JSON, or a field of the wrong type: {@code x-error-request-body-processing}. */
    BODY,
    /** Not a usable multipart form: {@code x-error-multipart-parsing}. */
    MULTIPART,
    /** The part that arrived ends before the model name: only for bodies cut by Envoy. */
    INCOMPLETE
  }
}
