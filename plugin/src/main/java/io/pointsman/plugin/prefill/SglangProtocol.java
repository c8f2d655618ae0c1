package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.prompt.JsonEdit;
import java.util.List;

/**
 * SGLang: both pods are sent at once where to meet, a bootstrap server of the prefill pod's and a
 * room there. Neither answers before the other has come.
 */
final class SglangProtocol extends TransferProtocol {
  private final long room;

  /**
   * @param room not negative, and unlike that of any other request
   */
  SglangProtocol(long room) {
    this.room = room;
  }

  @Override
  boolean isBeside() {
    return true;
  }

  @Override
  List<JsonEdit> prefillEdits(Endpoint prefill) {
    return List.of(
        JsonEdit.add("bootstrap_host", '"' + prefill.ip() + '"'),
        JsonEdit.add("bootstrap_port", Integer.toString(prefill.disaggregation().bootstrapPort())),
        JsonEdit.add("bootstrap_room", Long.toString(room)));
  }

  @Override
  List<JsonEdit> decodeEdits(Endpoint prefill, byte[] answer) {
    return prefillEdits(prefill);
  }
}
