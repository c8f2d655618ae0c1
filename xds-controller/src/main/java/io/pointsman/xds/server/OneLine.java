package io.pointsman.xds.server;

/** Text from outside, made fit for one log line. */
final class OneLine {
  private static final int MAX_LENGTH = 500;

  private OneLine() {}

  static String of(String text) {
    String cut = text.length() > MAX_LENGTH ? text.substring(0, MAX_LENGTH) + "..." : text;
    return cut.replaceAll("\\p{Cntrl}+", " ");
  }
}
