package io.pointsman.plugin.prompt;

/**
 * Leaves a scan that cannot go on. Clients cause it at will, so it carries no stack trace; it never
 * leaves this package.
 */
final class MalformedBody extends RuntimeException {
  private final transient Malformed result;

  MalformedBody(Malformed result) {
    super(result.message(), null, false, false);
    this.result = result;
  }

  /** A body that is not what its API asks for. */
  static MalformedBody body(String message) {
    return new MalformedBody(new Malformed(Malformed.Kind.BODY, message));
  }

  /** A form that cannot be read. */
  static MalformedBody form(String message) {
    return new MalformedBody(new Malformed(Malformed.Kind.MULTIPART, message));
  }

  /** A body that Envoy cut: the scan reached the cut with nothing wrong before it. */
  static MalformedBody incomplete() {
    return new MalformedBody(
        new Malformed(
            Malformed.Kind.INCOMPLETE,
            "the body is too large: no model in the part that was read"));
  }

  Malformed result() {
    return result;
  }
}
