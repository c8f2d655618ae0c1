package io.pointsman.plugin.blockmap;

import io.pointsman.proto.state.v1.BlockBatch;
import io.pointsman.proto.state.v1.EndpointBlocks;
import io.pointsman.proto.state.v1.EndpointId;
import java.util.ArrayList;
import java.util.List;

/** Packs the news of one shard into batches of bounded size and numbers them. Not thread-safe. */
final class BatchMaker {
  /** Keeps an entry below 16 KB, the names of endpoints included. */
  static final int MAX_HASHES = 1_800;

  private final long format;
  private final long replica;
  private long sequence;

  BatchMaker(long format, long replica) {
    this.format = format;
    this.replica = replica;
  }

  /** The news, in their order, as serialised batches. */
  List<byte[]> pack(List<BlockNews> news) {
    var batches = new ArrayList<byte[]>();
    BlockBatch.Builder batch = begin();
    int room = MAX_HASHES;
    for (BlockNews item : news) {
      if (!item.takenBack() && batch.getTakenBackCount() > 0) {
        // A reader adds first and takes back last: what comes after a taking back needs a batch.
        batches.add(batch.build().toByteArray());
        batch = begin();
        room = MAX_HASHES;
      }
      for (int from = 0; from < item.hashes().length; ) {
        int count = Math.min(room, item.hashes().length - from);
        EndpointBlocks blocks = blocks(item, from, count);
        if (item.takenBack()) {
          batch.addTakenBack(blocks);
        } else {
          batch.addAdded(blocks);
        }
        from += count;
        // An endpoint's name counts as much as a few hashes.
        room -= count + 8;
        if (room <= 0) {
          batches.add(batch.build().toByteArray());
          batch = begin();
          room = MAX_HASHES;
        }
      }
    }
    if (room < MAX_HASHES) {
      batches.add(batch.build().toByteArray());
    } else {
      sequence--;
    }
    return batches;
  }

  private BlockBatch.Builder begin() {
    sequence++;
    return BlockBatch.newBuilder().setFormat(format).setReplica(replica).setSequence(sequence);
  }

  private static EndpointBlocks blocks(BlockNews news, int from, int count) {
    var blocks =
        EndpointBlocks.newBuilder()
            .setEndpoint(
                EndpointId.newBuilder()
                    .setModel(news.endpoint().model())
                    .setUid(news.endpoint().key().uid())
                    .setPort(news.endpoint().key().port())
                    .setContainer(news.endpoint().container()));
    for (int i = from; i < from + count; i++) {
      blocks.addHashes(news.hashes()[i]);
    }
    return blocks.build();
  }
}
