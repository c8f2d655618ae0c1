package io.pointsman.e2e.modelserver;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.nio.ByteBuffer;
import java.util.Arrays;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.IteratingCallback;

/** A JSON object that is as long as one likes, written as fast as it is taken. */
final class OversizedAnswer extends IteratingCallback {
  private static final byte[] BEGIN = "{\"filler\": \"".getBytes(US_ASCII);
  private static final byte[] END = "\"}".getBytes(US_ASCII);
  private static final int PIECE = 1 << 16;

  private final Response response;
  private final Callback callback;
  private final byte[] filler = new byte[PIECE];
  private long left;
  private boolean begun;
  private boolean ended;

  OversizedAnswer(Response response, Callback callback, long bytes) {
    this.response = response;
    this.callback = callback;
    this.left = Math.max(0, bytes - BEGIN.length - END.length);
    Arrays.fill(filler, (byte) 'x');
  }

  void send() {
    response.setStatus(200);
    response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
    iterate();
  }

  @Override
  protected Action process() {
    if (ended) {
      return Action.SUCCEEDED;
    } else if (!begun) {
      begun = true;
      response.write(false, ByteBuffer.wrap(BEGIN), this);
    } else if (left > 0) {
      int piece = (int) Math.min(left, PIECE);
      left -= piece;
      response.write(false, ByteBuffer.wrap(filler, 0, piece), this);
    } else {
      ended = true;
      response.write(true, ByteBuffer.wrap(END), this);
    }
    return Action.SCHEDULED;
  }

  @Override
  protected void onCompleteSuccess() {
    callback.succeeded();
  }

  @Override
  protected void onCompleteFailure(Throwable cause) {
    callback.failed(cause);
  }
}
