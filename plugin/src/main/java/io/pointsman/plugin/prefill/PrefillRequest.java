package io.pointsman.plugin.prefill;

import io.pointsman.plugin.prompt.Api;
import java.util.List;

/**
 * What a prefill pod is to be sent of a request.
 *
 * @param path its path, query and all
 * @param api its API
 * @param headers names and values in turn, as they go on to the pod
 * @param array holds the client's body; only read
 * @param offset where it begins
 * @param length its length in bytes
 * @param whole false if Envoy cut the body at its buffer limit
 */
@SuppressWarnings("ArrayRecordComponent") // never compared; a copy is what is avoided
public record PrefillRequest(
    String path,
    Api api,
    List<String> headers,
    byte[] array,
    int offset,
    int length,
    boolean whole) {
  /** True if its prompt can be computed apart. */
  boolean generates() {
    return api == Api.CHAT_COMPLETIONS || isCompletion();
  }

  /** True if its prompt is one text, or token ids, rather than messages. */
  boolean isCompletion() {
    return api == Api.COMPLETIONS;
  }
}
