package io.pointsman.e2e;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.grpc.netty.shaded.io.netty.buffer.Unpooled;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.DefaultHttp2HeadersDecoder;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Exception;
import io.grpc.netty.shaded.io.netty.handler.codec.http2.Http2Headers;
import io.pointsman.e2e.harness.Reply;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.util.List;
import java.util.Locale;
import java.util.TreeMap;

/**
 * HTTP/2 by hand (RFC 9113), for headers and trailers that a well-behaved client would not send.
 */
final class RawHttp2 {
  private static final String PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  private static final int LIMIT_MILLIS = 20_000;
  private static final int STREAM = 1;

  private static final int DATA = 0;
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;

  private static final int ACK = 1;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;

  private RawHttp2() {}

  /**
   * Sends a request on a connection of its own and reads the answer.
   *
   * @param headers lines as in HTTP/1.1
   * @param body may be empty
   * @param trailers lines after the body; may be empty
   */
  static Reply send(
      int port, String method, String path, String headers, String body, String trailers)
      throws IOException {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      socket.setSoTimeout(LIMIT_MILLIS);
      // In one piece: small ones would each wait for the one before to be acknowledged.
      socket.setTcpNoDelay(true);
      var out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
      out.writeBytes(PREFACE);
      frame(out, SETTINGS, 0, 0, new byte[0]);
      String pseudo =
          ":method: %s\r\n:scheme: http\r\n:authority: gateway\r\n:path: %s\r\n"
              .formatted(method, path);
      boolean bare = body.isEmpty() && trailers.isEmpty();
      frame(
          out,
          HEADERS,
          END_HEADERS | (bare ? END_STREAM : 0),
          STREAM,
          block(pseudo + headers.toLowerCase(Locale.ROOT)));
      if (!bare) {
        frame(out, DATA, trailers.isEmpty() ? END_STREAM : 0, STREAM, body.getBytes(ISO_8859_1));
      }
      if (!trailers.isEmpty()) {
        frame(
            out,
            HEADERS,
            END_HEADERS | END_STREAM,
            STREAM,
            block(trailers.toLowerCase(Locale.ROOT)));
      }
      out.flush();
      return read(new DataInputStream(socket.getInputStream()), out);
    }
  }

  private static void frame(DataOutputStream out, int type, int flags, int stream, byte[] payload)
      throws IOException {
    out.writeByte(payload.length >> 16);
    out.writeShort(payload.length);
    out.writeByte(type);
    out.writeByte(flags);
    out.writeInt(stream);
    out.write(payload);
  }

  /** Each field as a literal that nobody remembers (RFC 7541, 6.2.2). */
  private static byte[] block(String lines) throws IOException {
    var block = new ByteArrayOutputStream();
    for (String line : lines.split("\r\n", -1)) {
      int colon = line.indexOf(':', 1);
      if (colon > 0) {
        block.write(0);
        text(block, line.substring(0, colon));
        text(block, line.substring(colon + 1).strip());
      }
    }
    return block.toByteArray();
  }

  private static void text(ByteArrayOutputStream block, String text) throws IOException {
    if (text.length() >= 127) {
      throw new IllegalArgumentException("too long for this: " + text);
    }
    block.write(text.length());
    block.write(text.getBytes(ISO_8859_1));
  }

  private static Reply read(DataInputStream in, DataOutputStream out) throws IOException {
    var decoder = new DefaultHttp2HeadersDecoder();
    var headers = new TreeMap<String, List<String>>();
    var body = new ByteArrayOutputStream();
    boolean ended = false;
    try {
      while (!ended) {
        int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
        int type = in.readUnsignedByte();
        int flags = in.readUnsignedByte();
        int stream = in.readInt();
        byte[] payload = in.readNBytes(length);
        if (type == SETTINGS && (flags & ACK) == 0) {
          frame(out, SETTINGS, ACK, 0, new byte[0]);
          out.flush();
        } else if (type == HEADERS) {
          Http2Headers fields = decoder.decodeHeaders(stream, Unpooled.wrappedBuffer(payload));
          fields.forEach(
              field ->
                  headers.putIfAbsent(
                      field.getKey().toString(), List.of(field.getValue().toString())));
        } else if (type == DATA) {
          body.write(payload);
        }
        boolean lastOfStream = (type == HEADERS || type == DATA) && (flags & END_STREAM) != 0;
        ended = lastOfStream || type == RST_STREAM || type == GOAWAY;
      }
    } catch (Http2Exception e) {
      throw new IOException(e);
    } catch (EOFException | SocketException e) {
      // The connection is closed or reset; what came is what there is.
    }
    List<String> status = headers.remove(":status");
    return new Reply(
        status == null ? RawHttp.NO_ANSWER : Integer.parseInt(status.get(0)),
        headers,
        body.toString(ISO_8859_1),
        0);
  }
}
