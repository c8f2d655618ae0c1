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

  /** An endpoint does not hold these blocks after all; unknown endpoints are ignored. */
  void takeBack(EndpointSlots.Id endpoint, long[] hashes);
}
