package io.pointsman.common;

/**
 * One path of an {@link HttpEndpointServer}: answers GET, and HEAD without the body. Called by
 * several threads at once.
 */
@FunctionalInterface
public interface HttpEndpoint {
  /**
   * The answer to one request.
   *
   * @throws Exception whatever fails; it is logged, and the client gets a bare 500
   */
  HttpReply answer(HttpCall call) throws Exception;

  /** The same endpoint for clients on this machine only; others get 403. */
  default HttpEndpoint onLoopbackOnly() {
    return call ->
        call.peer().isLoopbackAddress()
            ? answer(call)
            : HttpReply.json(403, "{\"error\":\"forbidden\"}");
  }
}
