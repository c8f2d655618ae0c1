package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;

/** Text made fit for a header value: Envoy refuses a whole reply for one bad byte in it. */
final class HeaderText {
  private static final int MAX_LENGTH = 256;

  private HeaderText() {}

  /**
   * The text as a header value: printable ASCII as it is, anything else as {@code ?}, cut at 256
   * bytes.
   */
  static ByteString of(String text) {
    int length = Math.min(text.length(), MAX_LENGTH);
    for (int i = 0; i < length; i++) {
      if (!isPrintable(text.charAt(i))) {
        return ByteString.copyFromUtf8(replaced(text, length));
      }
    }
    return ByteString.copyFromUtf8(length == text.length() ? text : text.substring(0, length));
  }

  private static String replaced(String text, int length) {
    var safe = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      safe.append(isPrintable(c) ? c : '?');
    }
    return safe.toString();
  }

  private static boolean isPrintable(char c) {
    return c >= ' ' && c <= '~';
  }
}
