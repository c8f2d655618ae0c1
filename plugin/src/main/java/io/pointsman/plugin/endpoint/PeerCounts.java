package io.pointsman.plugin.endpoint;

import io.pointsman.proto.state.v1.EndpointInFlight;
import io.pointsman.proto.state.v1.InFlightVector;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Adds up what the other replicas have in flight, endpoint by endpoint. Not thread-safe. */
final class PeerCounts {
  private record Id(String model, EndpointKey key) {}

  private record Sum(long inFlight, long requests) {
    Sum plus(EndpointInFlight count) {
      return new Sum(inFlight + Math.max(0, count.getInFlight()), requests + count.getRequests());
    }
  }

  private static final Sum NONE = new Sum(0, 0);

  private Map<Id, Sum> sums = Map.of();

  /**
   * Takes over what the others have told.
   *
   * @param elapsedMs time since the call before this one
   */
  void apply(Pools pools, List<InFlightVector> others, long elapsedMs) {
    Map<Id, Sum> before = sums;
    sums = new HashMap<>();
    for (InFlightVector vector : others) {
      for (EndpointInFlight count : vector.getCountsList()) {
        var key = new EndpointKey(count.getEndpoint().getUid(), count.getEndpoint().getPort());
        var id = new Id(count.getEndpoint().getModel(), key);
        sums.put(id, sums.getOrDefault(id, NONE).plus(count));
      }
    }
    forEach(
        pools,
        (endpoint, id) -> {
          Sum sum = sums.getOrDefault(id, NONE);
          long arrived = sum.requests() - before.getOrDefault(id, sum).requests();
          // As many may have come again since: the next exchange is as far away as the last one.
          long unseen = elapsedMs > 1_000 ? 0 : Math.max(0, arrived);
          endpoint.setPeers(toInt(sum.inFlight()), toInt(unseen));
        });
  }

  /**
   * Shows the last sums with less weight.
   *
   * @param weight 1 for all of them; 0 or less for none
   */
  void fade(Pools pools, double weight) {
    double kept = Math.max(0, weight);
    forEach(
        pools,
        (endpoint, id) ->
            endpoint.setPeers(toInt(Math.round(sums.getOrDefault(id, NONE).inFlight() * kept)), 0));
  }

  private static int toInt(long count) {
    return (int) Math.min(count, Integer.MAX_VALUE / 2);
  }

  private interface Visitor {
    void visit(Endpoint endpoint, Id id);
  }

  private static void forEach(Pools pools, Visitor visitor) {
    for (Pool pool : pools.all()) {
      for (Endpoint endpoint : pool.all()) {
        visitor.visit(endpoint, new Id(endpoint.model(), endpoint.key()));
      }
    }
  }
}
