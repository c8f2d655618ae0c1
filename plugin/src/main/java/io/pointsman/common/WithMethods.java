package io.pointsman.common;

import java.util.Set;

/** An endpoint that answers other methods than GET. */
record WithMethods(HttpEndpoint endpoint, Set<String> methods) implements HttpEndpoint {
  @Override
  public HttpReply answer(HttpCall call) throws Exception {
    return endpoint.answer(call);
  }
}
