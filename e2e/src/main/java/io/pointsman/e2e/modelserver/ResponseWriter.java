package io.pointsman.e2e.modelserver;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.jspecify.annotations.Nullable;

/**
 * Writes pieces of a body from any thread without blocking it: a piece that comes while another is
 * under way waits, and goes out together with those that came meanwhile.
 */
final class ResponseWriter {
  private final Response response;
  private final Callback callback;
  private final Consumer<Throwable> onFailure;
  private final StringBuilder pending = new StringBuilder();
  private final StringBuilder held = new StringBuilder();
  private @Nullable Runnable afterPending;
  private boolean holding;
  private boolean writing;
  private boolean last;
  private boolean lastTaken;
  private boolean completed;

  /**
   * @param callback completed with the body
   * @param onFailure told once if the client is gone
   */
  ResponseWriter(Response response, Callback callback, Consumer<Throwable> onFailure) {
    this.response = response;
    this.callback = callback;
    this.onFailure = onFailure;
  }

  /** Writes a piece. */
  void write(String piece) {
    send(piece, false, null);
  }

  /** Writes a piece and then, when it has left the server, runs a task. */
  void writeThen(String piece, Runnable task) {
    send(piece, false, task);
  }

  /** Writes the last piece and completes the callback. */
  void end(String piece) {
    send(piece, true, null);
  }

  /** Gives the response up. */
  void fail(Throwable failure) {
    if (complete()) {
      onFailure.accept(failure);
      callback.failed(failure);
    }
  }

  /** Keeps back what is written from now on. */
  synchronized void hold() {
    holding = true;
  }

  /** Lets out what was kept back. */
  void go() {
    synchronized (this) {
      holding = false;
      pending.append(held);
      held.setLength(0);
      if (writing || completed) {
        return;
      }
      writing = true;
    }
    writePending();
  }

  private void send(String piece, boolean isLast, @Nullable Runnable task) {
    synchronized (this) {
      if (completed || lastTaken) {
        return;
      }
      last |= isLast;
      if (holding) {
        held.append(piece);
        return;
      }
      pending.append(piece);
      if (task != null) {
        afterPending = task;
      }
      if (writing) {
        return;
      }
      writing = true;
    }
    writePending();
  }

  private void writePending() {
    ByteBuffer bytes;
    boolean isLast;
    Runnable task;
    synchronized (this) {
      boolean lastIsOut = last && !holding;
      if (completed || (pending.isEmpty() && !lastIsOut)) {
        writing = false;
        return;
      }
      bytes = ByteBuffer.wrap(pending.toString().getBytes(StandardCharsets.UTF_8));
      pending.setLength(0);
      isLast = lastIsOut;
      lastTaken = isLast;
      task = afterPending;
      afterPending = null;
    }
    response.write(
        isLast,
        bytes,
        new Callback() {
          @Override
          public void succeeded() {
            if (task != null) {
              task.run();
            }
            if (!isLast) {
              writePending();
            } else if (complete()) {
              callback.succeeded();
            }
          }

          @Override
          public void failed(Throwable failure) {
            fail(failure);
          }
        });
  }

  /** True for the one who completes the response. */
  private synchronized boolean complete() {
    boolean first = !completed;
    completed = true;
    return first;
  }
}
