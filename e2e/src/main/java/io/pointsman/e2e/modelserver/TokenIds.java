package io.pointsman.e2e.modelserver;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Token ids from which the text can be told again: each is four of its bytes as a number. */
final class TokenIds {
  private TokenIds() {}

  static List<Long> of(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    var ids = new ArrayList<Long>();
    for (int start = 0; start < bytes.length; start += KvCache.TOKEN_BYTES) {
      long id = 0;
      for (int i = start; i < start + KvCache.TOKEN_BYTES; i++) {
        id = id << 8 | (i < bytes.length ? bytes[i] & 0xff : 0);
      }
      ids.add(id);
    }
    return ids;
  }

  static String text(List<Long> ids) {
    var bytes = new ByteArrayOutputStream();
    for (long id : ids) {
      for (int shift = 24; shift >= 0; shift -= 8) {
        int next = (int) (id >> shift) & 0xff;
        // The last token of a text may be short.
        if (next != 0) {
          bytes.write(next);
        }
      }
    }
    return bytes.toString(StandardCharsets.UTF_8);
  }
}
