package io.pointsman.plugin.blockmap;

import com.google.protobuf.InvalidProtocolBufferException;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.proto.state.v1.BlockBatch;
import io.pointsman.proto.state.v1.EndpointBlocks;
import io.pointsman.proto.state.v1.EndpointId;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the batches of other replicas into the local block map. Blocks of endpoints that are not
 * known here wait, bounded, until discovery has caught up. One thread; counters are read by any.
 */
final class BatchReader {
  private static final Logger log = LoggerFactory.getLogger(BatchReader.class);

  private static final int MAX_REPLICAS = 1_024;
  private static final int MAX_TAKEN_BACK = 1 << 16;

  /** What a replica takes back is what it had added itself. */
  private record TakenBack(long replica, EndpointSlots.Id endpoint, long hash) {}

  private final BlockSink sink;
  private final long format;
  private final long ownReplica;
  private final WaitingBlocks waiting;

  /** The last sequence number of each replica, the longest silent one first. */
  private final Map<Long, Long> sequences =
      new LinkedHashMap<>(16, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Long> eldest) {
          return size() > MAX_REPLICAS;
        }
      };

  /** While reading back: what was taken back later than anything that is still to be read. */
  private final Set<TakenBack> takenBackLater = new HashSet<>();

  private final Set<Long> otherFormats = new HashSet<>();
  private final AtomicLong received = new AtomicLong();
  private final AtomicLong gaps = new AtomicLong();
  private final AtomicLong skipped = new AtomicLong();

  BatchReader(BlockSink sink, long format, long ownReplica, WaitingBlocks waiting) {
    this.sink = sink;
    this.format = format;
    this.ownReplica = ownReplica;
    this.waiting = waiting;
  }

  /**
   * Takes one entry of the stream.
   *
   * @param ageMs how old it is
   * @param inOrder true if entries come in the order in which they were written, so that a missing
   *     number is a gap; false if they are read back, the newest first
   */
  void read(byte[] payload, long ageMs, boolean inOrder) {
    BlockBatch batch;
    try {
      batch = BlockBatch.parseFrom(payload);
    } catch (InvalidProtocolBufferException e) {
      skipped.incrementAndGet();
      return;
    }
    if (batch.getReplica() == ownReplica) {
      return;
    }
    if (batch.getFormat() != format) {
      skipped.incrementAndGet();
      warnOnce(batch.getReplica());
      return;
    }
    checkSequence(batch, inOrder);
    if (inOrder) {
      readForward(batch, ageMs);
    } else {
      readBack(batch, ageMs);
    }
    received.incrementAndGet();
  }

  private void warnOnce(long replica) {
    if (otherFormats.size() < MAX_REPLICAS && otherFormats.add(replica)) {
      log.warn(
          "block news of a replica with other settings or of another version are skipped: run all"
              + " replicas alike: replica={}",
          Long.toHexString(replica));
    }
  }

  private void checkSequence(BlockBatch batch, boolean inOrder) {
    Long last = sequences.get(batch.getReplica());
    if (inOrder && last != null && batch.getSequence() > last + 1) {
      gaps.incrementAndGet();
    }
    sequences.merge(batch.getReplica(), batch.getSequence(), Math::max);
  }

  private void readForward(BlockBatch batch, long ageMs) {
    takenBackLater.clear();
    for (EndpointBlocks added : batch.getAddedList()) {
      long[] hashes = hashes(added);
      if (!sink.add(endpoint(added), hashes, ageMs)) {
        waiting.put(endpoint(added), hashes);
      }
    }
    for (EndpointBlocks takenBack : batch.getTakenBackList()) {
      long[] hashes = hashes(takenBack);
      sink.takeBack(endpoint(takenBack), hashes);
      waiting.takeBack(endpoint(takenBack), hashes);
    }
  }

  /** From the end: what a batch takes back was added by itself or by one that is yet to be read. */
  private void readBack(BlockBatch batch, long ageMs) {
    for (EndpointBlocks takenBack : batch.getTakenBackList()) {
      for (long hash : takenBack.getHashesList()) {
        if (takenBackLater.size() < MAX_TAKEN_BACK) {
          takenBackLater.add(new TakenBack(batch.getReplica(), endpoint(takenBack), hash));
        }
      }
    }
    for (EndpointBlocks added : batch.getAddedList()) {
      EndpointSlots.Id endpoint = endpoint(added);
      long[] hashes = hashes(added);
      if (!takenBackLater.isEmpty()) {
        hashes =
            LongStream.of(hashes)
                .filter(
                    hash ->
                        !takenBackLater.contains(new TakenBack(batch.getReplica(), endpoint, hash)))
                .toArray();
      }
      if (!sink.addOlder(endpoint, hashes, ageMs)) {
        waiting.put(endpoint, hashes);
      }
    }
  }

  private static EndpointSlots.Id endpoint(EndpointBlocks blocks) {
    EndpointId id = blocks.getEndpoint();
    return new EndpointSlots.Id(
        id.getModel(), new EndpointKey(id.getUid(), id.getPort()), id.getContainer());
  }

  private static long[] hashes(EndpointBlocks blocks) {
    long[] hashes = new long[blocks.getHashesCount()];
    for (int i = 0; i < hashes.length; i++) {
      hashes[i] = blocks.getHashes(i);
    }
    return hashes;
  }

  /** Batches of other replicas ever taken over. */
  long received() {
    return received.get();
  }

  /** Times that a replica's numbers jumped: something of it was lost. */
  long gaps() {
    return gaps.get();
  }

  /** Batches that could not be read or mean something else. */
  long skipped() {
    return skipped.get();
  }
}
