package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import com.google.gson.JsonParser;
import io.pointsman.e2e.modelserver.KvExports.Export;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.Promise;
import org.jspecify.annotations.Nullable;

/**
 * The port at which other servers fetch what this one has computed for them: what NIXL's side
 * channel, SGLang's bootstrap server and TensorRT-LLM's transceiver are to the real ones.
 *
 * <p>{@code POST /kv} with an export's names answers with the KV cache; {@code POST /room} with a
 * room's number answers when it is computed. 409 says why it cannot be had.
 */
final class SideChannel extends Handler.Abstract.NonBlocking {
  private static final int MAX_BODY = 1 << 20;

  private final Connector connector;
  private final KvExports exports;
  private final Rooms rooms;

  /**
   * @param connector the only one for which this answers
   */
  SideChannel(Connector connector, KvExports exports, Rooms rooms) {
    this.connector = connector;
    this.exports = exports;
    this.rooms = rooms;
  }

  @Override
  public boolean handle(Request request, Response response, Callback callback) {
    if (request.getConnectionMetaData().getConnector() != connector) {
      return false;
    }
    String path = Request.getPathInContext(request);
    Content.Source.asByteArrayAsync(
        request,
        MAX_BODY,
        new Promise.Invocable.NonBlocking<>() {
          @Override
          public void succeeded(byte[] body) {
            CompletableFuture<?> unused =
                answer(path, body)
                    .whenComplete((copy, failure) -> write(response, callback, copy, failure));
          }

          @Override
          public void failed(Throwable failure) {
            callback.failed(failure);
          }
        });
    return true;
  }

  private CompletableFuture<KvCopy> answer(String path, byte[] body) {
    try {
      JsonObject json =
          JsonParser.parseString(new String(body, StandardCharsets.UTF_8)).getAsJsonObject();
      return switch (path) {
        case "/kv" -> CompletableFuture.completedFuture(exports.take(export(json)));
        case "/room" -> rooms.enterForDecode(json.get("room").getAsLong());
        default -> throw new TransferFailure("there is nothing at " + path);
      };
    } catch (TransferFailure e) {
      return CompletableFuture.failedFuture(e);
    } catch (JsonParseException | IllegalStateException e) {
      return CompletableFuture.failedFuture(new TransferFailure("this is no question: " + e));
    }
  }

  static String question(Export export) {
    return Json.object(
            "engine_id", export.engineId(),
            "request_id", export.requestId(),
            "block_ids", Json.array(export.blockIds().toArray()))
        .toString();
  }

  private static Export export(JsonObject json) {
    List<Long> blocks =
        json.getAsJsonArray("block_ids").asList().stream().map(id -> id.getAsLong()).toList();
    return new Export(
        json.get("engine_id").getAsString(), json.get("request_id").getAsString(), blocks);
  }

  private static void write(
      Response response, Callback callback, KvCopy copy, @Nullable Throwable failure) {
    response.setStatus(failure == null ? 200 : 409);
    String body =
        failure == null
            ? Json.object("model", copy.model(), "prompt", copy.prompt()).toString()
            : failure instanceof TimeoutException
                ? "the prefill server did not compute it in time"
                : String.valueOf(failure.getMessage());
    Content.Sink.write(response, true, body, callback);
  }
}
