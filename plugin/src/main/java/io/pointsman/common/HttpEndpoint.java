package io.pointsman.common;

import java.util.Set;

/**
 * One path of an {@link HttpEndpointServer}. Answers GET, and HEAD without the body, unless it says
 * otherwise. Called by several threads at once.
 */
@FunctionalInterface
public interface HttpEndpoint {
  /**
   * The answer to one request.
   *
   * @throws Exception whatever fails; it is logged, and the client gets a bare 500
   */
  HttpReply answer(HttpCall call) throws Exception;

  /** The methods it answers; with GET goes HEAD. */
  default Set<String> methods() {
    return Set.of("GET");
  }

  /** The same endpoint for other methods than GET. */
  default HttpEndpoint withMethods(String... methods) {
    return new WithMethods(this, Set.of(methods));
  }

  /** The same endpoint for clients on this machine only; others get 403. */
  default HttpEndpoint onLoopbackOnly() {
    HttpEndpoint guarded =
        call ->
            call.peer().isLoopbackAddress()
                ? answer(call)
                : HttpReply.json(403, "{\"error\":\"forbidden\"}");
    return new WithMethods(guarded, methods());
  }
}
