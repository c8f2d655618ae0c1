package io.pointsman.e2e.modelserver;

import java.util.List;
import java.util.Map;

/**
 * A request as it came in.
 *
 * @param method such as {@code POST}
 * @param target path and query
 * @param headers by lower-case name, each with its values in order
 * @param body the body's bytes
 */
public record ReceivedRequest(
    String method, String target, Map<String, List<String>> headers, String body) {}
