package io.pointsman.e2e.replay;

import java.util.List;

/**
 * Requests in order of arrival.
 *
 * @param settings what it was made from
 * @param requests at least one
 */
record Trace(TraceSettings settings, List<TraceRequest> requests) {
  Trace {
    requests = List.copyOf(requests);
  }
}
