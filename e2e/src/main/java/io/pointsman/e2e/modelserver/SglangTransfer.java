package io.pointsman.e2e.modelserver;

import com.google.gson.JsonObject;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;

/**
 * SGLang: both servers get the same request at the same time, with the prefill server's bootstrap
 * address and the number of a room there. The prefill server waits until the decode server has come
 * into the room, and then computes; the decode server waits for the outcome. Who is left alone
 * fails when its patience ends.
 */
final class SglangTransfer implements Transfer {
  private static final String HOST = "bootstrap_host";
  private static final String PORT = "bootstrap_port";
  private static final String ROOM = "bootstrap_room";

  private final Disaggregation part;
  private final Rooms rooms;
  private final KvClient client;
  private final String host;
  private final int sidePort;

  /**
   * @param host where this server's rooms are, as is the port
   */
  SglangTransfer(Disaggregation part, Rooms rooms, KvClient client, String host, int sidePort) {
    this.part = part;
    this.rooms = rooms;
    this.client = client;
    this.host = host;
    this.sidePort = sidePort;
  }

  @Override
  public Leg leg(ApiCall call, String requestId) throws BadRequest {
    JsonObject body = call.json();
    TransferRules.refuseAllBut(body, HOST, PORT, ROOM);
    Long room = Json.number(body, ROOM);
    if (room == null) {
      throw new BadRequest("Disaggregated request received without bootstrap room id");
    }
    String at = Json.text(body, HOST);
    Long port = Json.number(body, PORT);
    if (at == null || port == null || room < 0) {
      throw new BadRequest("bootstrap_host, bootstrap_port and bootstrap_room belong together");
    }
    return part.role() == Role.PREFILL
        ? prefill(call, at, port, room)
        : decode(call, at, port, room);
  }

  private Leg prefill(ApiCall call, String at, long port, long room) throws BadRequest {
    if (!at.equals(host) || port != sidePort) {
      throw new BadRequest("the rooms of this server are at %s:%d".formatted(host, sidePort));
    }
    return new Leg(
        call.withOneToken(),
        Leg.Kind.PREFILL,
        rooms.enterForPrefill(room),
        () -> rooms.deliver(room, KvCopy.of(call)),
        UnaryOperator.identity());
  }

  private Leg decode(ApiCall call, String at, long port, long room) {
    CompletableFuture<KvCopy> copy = client.waitIn(at, port, room);
    return Leg.fetched(call, copy.thenCompose(got -> TransferRules.samePrompt(call, got)));
  }
}
