package io.pointsman.e2e.modelserver;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads a multipart/form-data body: field names and their bytes. */
final class Multipart {
  private static final Pattern BOUNDARY = Pattern.compile("boundary=\"?([^\";]+)\"?");
  private static final Pattern NAME = Pattern.compile("(?:;|\\s)name=\"([^\"]*)\"");

  private Multipart() {}

  static Map<String, String> fields(String contentType, byte[] body) throws BadRequest {
    Matcher boundary = BOUNDARY.matcher(contentType);
    if (!contentType.startsWith("multipart/form-data") || !boundary.find()) {
      throw new BadRequest("expected multipart/form-data");
    }
    // One char for each byte: nothing of a binary file is lost.
    String text = new String(body, StandardCharsets.ISO_8859_1);
    String delimiter = "--" + boundary.group(1);
    var fields = new LinkedHashMap<String, String>();
    for (String part : text.split(Pattern.quote(delimiter), -1)) {
      int header = part.indexOf("\r\n\r\n");
      Matcher name = header < 0 ? null : NAME.matcher(part.substring(0, header));
      if (name != null && name.find()) {
        int end = part.endsWith("\r\n") ? part.length() - 2 : part.length();
        fields.put(name.group(1), part.substring(header + 4, end));
      }
    }
    return fields;
  }
}
