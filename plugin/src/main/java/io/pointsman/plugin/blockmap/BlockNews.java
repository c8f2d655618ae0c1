package io.pointsman.plugin.blockmap;

/**
 * What one request taught this replica: blocks that an endpoint now holds, or that it does not hold
 * after all because it refused the request.
 *
 * @param hashes owned by this object; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // a carrier: never compared, never printed
record BlockNews(EndpointSlots.Id endpoint, long[] hashes, boolean takenBack) {}
