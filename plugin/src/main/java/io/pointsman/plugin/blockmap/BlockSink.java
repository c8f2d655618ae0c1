package io.pointsman.plugin.blockmap;

/** Where the news of other replicas go: the local block map. */
interface BlockSink {
  /**
   * An endpoint holds these blocks.
   *
   * @param ageMs how long ago that was decided
   * @return false if the endpoint is not known here
   */
  boolean add(EndpointSlots.Id endpoint, long[] hashes, long ageMs);

  /**
   * As {@link #add}, for what is read back, the newest first: what an endpoint's cache has no room
   * for beside what came before is left out.
   */
  boolean addOlder(EndpointSlots.Id endpoint, long[] hashes, long ageMs);

  /** Whether any endpoint is known; before, there is no use in reading back. */
  boolean knowsEndpoints();

  /** Whether there is no room left, so that older blocks would take the place of newer ones. */
  boolean isFull();

  /** An endpoint does not hold these blocks after all; unknown endpoints are ignored. */
  void takeBack(EndpointSlots.Id endpoint, long[] hashes);
}
