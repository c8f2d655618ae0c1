package io.pointsman.e2e.harness;

/** Something the harness needs is missing or did not happen. The message says what to do. */
public final class HarnessException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public HarnessException(String message) {
    super(message);
  }

  public HarnessException(String message, Throwable cause) {
    super(message, cause);
  }
}
