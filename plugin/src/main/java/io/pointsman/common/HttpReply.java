package io.pointsman.common;

import java.nio.charset.StandardCharsets;

/**
 * An answer of an {@link HttpEndpoint}.
 *
 * @param status HTTP status
 * @param contentType the content-type header
 * @param body handed over: not to be changed afterwards
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record HttpReply(int status, String contentType, byte[] body) {
  public static HttpReply text(int status, String text) {
    return of(status, "text/plain; charset=utf-8", text);
  }

  public static HttpReply json(int status, String json) {
    return of(status, "application/json", json);
  }

  public static HttpReply of(int status, String contentType, String body) {
    return new HttpReply(status, contentType, body.getBytes(StandardCharsets.UTF_8));
  }
}
