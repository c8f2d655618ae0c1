package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import org.jspecify.annotations.Nullable;

/** Writes the error body of the wire contract: {@code {"error":{message,type,code,param}}}. */
final class ErrorJson {
  private static final String HEX = "0123456789abcdef";

  private ErrorJson() {}

  static ByteString of(Rejection rejection) {
    var json = new StringBuilder(160);
    json.append("{\"error\":{\"message\":");
    appendText(json, rejection.message());
    json.append(",\"type\":");
    appendText(json, rejection.type());
    json.append(",\"code\":");
    appendText(json, rejection.code());
    json.append(",\"param\":");
    appendText(json, rejection.param());
    json.append("}}");
    return ByteString.copyFromUtf8(json.toString());
  }

  private static void appendText(StringBuilder json, @Nullable String text) {
    if (text == null) {
      json.append("null");
      return;
    }
    json.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        json.append('\\').append(c);
      } else if (c < ' ' || c == 0x7f || isLoneSurrogate(text, i)) {
        appendEscape(json, c);
      } else {
        json.append(c);
      }
    }
    json.append('"');
  }

  /** Half a character cannot be written as UTF-8; as an escape it stays what it was. */
  private static boolean isLoneSurrogate(String text, int i) {
    char c = text.charAt(i);
    if (Character.isHighSurrogate(c)) {
      return i + 1 == text.length() || !Character.isLowSurrogate(text.charAt(i + 1));
    }
    return Character.isLowSurrogate(c)
        && (i == 0 || !Character.isHighSurrogate(text.charAt(i - 1)));
  }

  private static void appendEscape(StringBuilder json, char c) {
    json.append("\\u");
    for (int shift = 12; shift >= 0; shift -= 4) {
      json.append(HEX.charAt((c >> shift) & 0xf));
    }
  }
}
