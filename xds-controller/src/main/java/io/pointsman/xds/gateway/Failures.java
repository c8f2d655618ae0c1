package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.client.KubernetesClientException;

/** What the API server says when it does not do what it is asked. */
final class Failures {
  private static final int MAX_MESSAGE = 500;

  private Failures() {}

  /** Its own words, or else what went wrong on the way to it, in one line. */
  static String reason(Throwable error) {
    String text;
    if (error instanceof KubernetesClientException refused
        && refused.getStatus() != null
        && refused.getStatus().getMessage() != null) {
      text = refused.getStatus().getMessage();
    } else {
      Throwable cause = error;
      while (cause.getCause() != null) {
        cause = cause.getCause();
      }
      text = cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
    String line = text.replaceAll("\\s+", " ").strip();
    return line.length() > MAX_MESSAGE ? line.substring(0, MAX_MESSAGE) + "…" : line;
  }
}
