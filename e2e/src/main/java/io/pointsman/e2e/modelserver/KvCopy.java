package io.pointsman.e2e.modelserver;

/**
 * What one server gets from another: the KV cache of a prompt, here the prompt itself.
 *
 * @param model the model that it was computed for
 * @param prompt canonical prompt text
 */
record KvCopy(String model, String prompt) {
  static KvCopy of(ApiCall call) {
    return new KvCopy(call.model(), call.prompt());
  }
}
