package io.pointsman.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.pointsman.e2e.harness.Reply;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** HTTP/1.1 by hand, for what a well-behaved client would not send. */
final class RawHttp {
  /** The status of a connection that is closed without an answer. */
  static final int NO_ANSWER = 0;

  private static final int LIMIT_MILLIS = 20_000;

  private RawHttp() {}

  /** A request with a body and its length. */
  static String request(String method, String path, String headers, String body) {
    return "%s %s HTTP/1.1\r\nhost: gateway\r\n%scontent-length: %d\r\n\r\n%s"
        .formatted(method, path, headers, body.getBytes(ISO_8859_1).length, body);
  }

  /**
   * A request with a body in two chunks.
   *
   * @param trailers header lines after the body; may be empty
   */
  static String chunked(String method, String path, String headers, String body, String trailers) {
    int half = body.length() / 2;
    return "%s %s HTTP/1.1\r\nhost: gateway\r\n%stransfer-encoding: chunked\r\n\r\n%s%s0\r\n%s\r\n"
        .formatted(
            method,
            path,
            headers,
            chunk(body.substring(0, half)),
            chunk(body.substring(half)),
            trailers);
  }

  private static String chunk(String piece) {
    return "%x\r\n%s\r\n".formatted(piece.getBytes(ISO_8859_1).length, piece);
  }

  /** A request without a body. */
  static String request(String method, String path, String headers) {
    return "%s %s HTTP/1.1\r\nhost: gateway\r\n%s\r\n".formatted(method, path, headers);
  }

  /** Sends a request on a connection of its own and reads the answer. */
  static Reply send(int port, String request) throws IOException {
    try (Socket socket = open(port, request)) {
      return read(new BufferedInputStream(socket.getInputStream()), request.startsWith("HEAD "));
    }
  }

  /** Sends a request and leaves the answer unread. */
  static Socket open(int port, String request) throws IOException {
    var socket = new Socket(InetAddress.getLoopbackAddress(), port);
    socket.setSoTimeout(LIMIT_MILLIS);
    socket.getOutputStream().write(request.getBytes(ISO_8859_1));
    return socket;
  }

  private static Reply read(InputStream in, boolean head) throws IOException {
    String first = line(in);
    if (first.isEmpty()) {
      return new Reply(NO_ANSWER, Map.of(), "", 0);
    }
    var headers = new TreeMap<String, List<String>>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(':');
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      headers
          .computeIfAbsent(name, key -> new ArrayList<>())
          .add(line.substring(colon + 1).strip());
    }
    int status = Integer.parseInt(first.substring(9, 12));
    byte[] body;
    if (head || status == 204 || status == 304) {
      body = new byte[0];
    } else if (headers.containsKey("transfer-encoding")) {
      body = chunks(in);
    } else {
      List<String> length = headers.get("content-length");
      body = length == null ? in.readAllBytes() : in.readNBytes(Integer.parseInt(length.get(0)));
    }
    return new Reply(status, headers, new String(body, ISO_8859_1), 0);
  }

  private static byte[] chunks(InputStream in) throws IOException {
    var body = new ByteArrayOutputStream();
    for (int size = chunkSize(in); size > 0; size = chunkSize(in)) {
      body.write(in.readNBytes(size));
      line(in);
    }
    line(in);
    return body.toByteArray();
  }

  private static int chunkSize(InputStream in) throws IOException {
    return Integer.parseInt(line(in), 16);
  }

  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }
}
