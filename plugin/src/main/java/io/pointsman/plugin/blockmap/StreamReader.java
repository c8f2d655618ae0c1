package io.pointsman.plugin.blockmap;

import io.pointsman.plugin.redis.RedisCommands;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import redis.clients.jedis.CommandArguments;
import redis.clients.jedis.Protocol;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.exceptions.JedisException;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.resps.StreamEntryBinary;
import redis.clients.jedis.resps.StreamInfo;

/**
 * Follows the stream of one shard. It begins by reading back, newest first, what is not too old;
 * then it follows from where the stream ended when it began. When Redis comes back without what it
 * held (empty, or as a replica that had missed the end), it begins at what is there and asks the
 * writer to say its own part again.
 *
 * <p>A key beside the stream holds a number that is made up when the stream is: another number
 * means another stream. One thread; the getters may be called from any.
 */
final class StreamReader {
  private static final Logger log = LoggerFactory.getLogger(StreamReader.class);

  /** Jedis' own minimum is a dash, which XREAD does not take. */
  private static final StreamEntryID START = new StreamEntryID(0, 0);

  private static final int PAGE = 256;
  private static final int BLOCK_MS = 250;
  private static final long CHECK_MS = 1_000;
  private static final byte[] END = "+".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] BEGIN = "-".getBytes(StandardCharsets.US_ASCII);

  private final ReplicationSettings settings;
  private final RedisCommands redis;
  private final BatchReader reader;
  private final BlockSink sink;
  private final StreamWriter writer;
  private final LongSupplier clockMs;
  private final byte[] key;
  private final String generationKey;

  private StreamEntryID cursor = START;
  private @Nullable String generation;
  private long checkedAt;

  /** What Redis' clock, which dates the entries, is ahead of ours. */
  private long redisAheadMs;

  private volatile long readAt;
  private volatile long lagEntries;
  private volatile long lagMs;

  StreamReader(
      ReplicationSettings settings,
      int shard,
      RedisCommands redis,
      BatchReader reader,
      BlockSink sink,
      StreamWriter writer,
      LongSupplier clockMs) {
    this.settings = settings;
    this.redis = redis;
    this.reader = reader;
    this.sink = sink;
    this.writer = writer;
    this.clockMs = clockMs;
    this.key = settings.key(shard, "stream").getBytes(StandardCharsets.UTF_8);
    this.generationKey = settings.key(shard, "generation");
    this.readAt = clockMs.getAsLong();
  }

  /**
   * Reads back until everything is read, too old, the sink full, or the deadline there; then {@link
   * #follow} goes on from where the stream ended when this began.
   *
   * @return entries read
   */
  int recover(long deadlineMs) {
    generation = currentGeneration();
    askTime();
    List<Object> newest = back(END, 1);
    if (newest.isEmpty()) {
      return 0;
    }
    cursor = id(newest.get(0));
    long timeToLive = settings.timeToLive().toMillis();
    byte[] from = END;
    int count = 0;
    while (clockMs.getAsLong() < deadlineMs) {
      List<Object> page = back(from, PAGE);
      for (Object entry : page) {
        StreamEntryID id = id(entry);
        if (ageMs(id) > timeToLive || sink.isFull()) {
          return count;
        }
        reader.read(payload(entry), ageMs(id), false);
        count++;
      }
      if (page.size() < PAGE) {
        return count;
      }
      // Exclusive: the last one of this page is not read again.
      from = ("(" + id(page.get(page.size() - 1))).getBytes(StandardCharsets.US_ASCII);
    }
    return count;
  }

  /** Redis dates the entries, so Redis is asked what time it is. */
  private void askTime() {
    List<?> time =
        (List<?>)
            redis.run(
                "blocks-check",
                client -> client.executeCommand(new CommandArguments(Protocol.Command.TIME)));
    var seconds = new String((byte[]) Objects.requireNonNull(time.get(0)), StandardCharsets.UTF_8);
    redisAheadMs = Long.parseLong(seconds) * 1_000 - clockMs.getAsLong();
  }

  private long ageMs(StreamEntryID id) {
    return Math.max(0, clockMs.getAsLong() + redisAheadMs - id.getTime());
  }

  private List<Object> back(byte[] from, int count) {
    return redis.run("blocks-recover", client -> client.xrevrange(key, from, BEGIN, count));
  }

  private static StreamEntryID id(Object entry) {
    return new StreamEntryID((byte[]) Objects.requireNonNull(((List<?>) entry).get(0)));
  }

  private static byte[] payload(Object entry) {
    List<?> fields = (List<?>) Objects.requireNonNull(((List<?>) entry).get(1));
    return (byte[]) Objects.requireNonNull(fields.get(1));
  }

  /** Waits a moment for new entries and takes them over. */
  void follow() {
    long now = clockMs.getAsLong();
    if (now - checkedAt >= CHECK_MS) {
      checkStream();
      checkedAt = now;
    }
    var from = Map.of(key, cursor);
    var reply =
        redis.run(
            "blocks-follow",
            client ->
                client.xreadBinary(XReadParams.xReadParams().count(PAGE).block(BLOCK_MS), from));
    readAt = clockMs.getAsLong();
    if (reply == null || reply.isEmpty()) {
      lagEntries = 0;
      lagMs = 0;
      return;
    }
    List<StreamEntryBinary> entries = reply.get(0).getValue();
    for (StreamEntryBinary entry : entries) {
      reader.read(payload(entry), ageMs(entry.getID()), true);
      cursor = entry.getID();
    }
  }

  private static byte[] payload(StreamEntryBinary entry) {
    for (Map.Entry<byte[], byte[]> field : entry.getFields().entrySet()) {
      if (Arrays.equals(field.getKey(), StreamWriter.FIELD)) {
        return field.getValue();
      }
    }
    return new byte[0];
  }

  /** After a failure the stream must be looked at before it is followed. */
  void failed() {
    checkedAt = clockMs.getAsLong() - CHECK_MS;
  }

  private void checkStream() {
    String current = currentGeneration();
    List<Object> newest = back(END, 1);
    StreamEntryID last = newest.isEmpty() ? START : id(newest.get(0));
    boolean other = generation != null && !current.equals(generation);
    if (other || last.compareTo(cursor) < 0) {
      log.warn(
          "Redis has lost block news: reading again from the beginning and saying ours again:"
              + " stream={}",
          new String(key, StandardCharsets.UTF_8));
      cursor = START;
      writer.sayAgain();
    }
    generation = current;
    askTime();
    measureLag(last);
    if (!newest.isEmpty()) {
      writer.trim(last.getTime());
    }
  }

  private void measureLag(StreamEntryID last) {
    if (last.compareTo(cursor) <= 0) {
      lagEntries = 0;
      lagMs = 0;
      return;
    }
    StreamInfo stream =
        redis.run(
            "blocks-check", client -> client.xinfoStream(new String(key, StandardCharsets.UTF_8)));
    StreamEntryID first = stream.getFirstEntry().getID();
    if (cursor.compareTo(first) < 0) {
      lagEntries = stream.getLength();
      lagMs = last.getTime() - first.getTime();
      return;
    }
    lagMs = last.getTime() - cursor.getTime();
    // Counting them would mean to read them: they are taken to be spread evenly over the stream.
    double span = Math.max(1, last.getTime() - first.getTime());
    lagEntries = Math.max(1, Math.round((stream.getLength() - 1) * (lagMs / span)));
  }

  private String currentGeneration() {
    return redis.run(
        "blocks-check",
        client -> {
          String current = client.get(generationKey);
          if (current == null) {
            // Only now, for a Redis that is full can still be read but takes no SET.
            String fresh = UUID.randomUUID().toString();
            client.set(generationKey, fresh, SetParams.setParams().nx());
            current = client.get(generationKey);
          }
          if (current == null) {
            throw new JedisException("the stream's number is gone");
          }
          return current;
        });
  }

  /** Entries that were still to be read at the last look, about. */
  long lagEntries() {
    return lagEntries;
  }

  /**
   * How far reading was behind the newest entry at the last look; once nothing can be read, the
   * time since something could.
   */
  long lagMs() {
    long silence = clockMs.getAsLong() - readAt;
    return silence > CHECK_MS ? Math.max(lagMs, silence) : lagMs;
  }
}
