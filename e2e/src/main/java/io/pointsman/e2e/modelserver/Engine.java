package io.pointsman.e2e.modelserver;

import java.util.ArrayDeque;

/**
 * The pace of a model on one GPU: prompts are computed one after the other, cached blocks cost
 * nothing; requests that have their prompt generate side by side, a token each per step; what does
 * not fit waits in order of arrival.
 *
 * <p>All state belongs to the timer's thread; {@link #submit} and {@link #abort} may be called from
 * any.
 */
final class Engine implements AutoCloseable {
  /** What a request hears of its progress, on the timer's thread. Must not block. */
  interface Listener {
    /** The prompt is computed. The first token follows at once. */
    void onPrefilled(int cachedTokens);

    /** More answer tokens are there. Not called for requests that want the whole answer. */
    void onTokens(int from, int to);

    /** The last token is there. */
    void onDone();
  }

  /**
   * A request to the engine.
   *
   * @param model names the model, so that models do not share blocks
   * @param prompt the canonical prompt text
   * @param promptTokens its length in tokens, at least 1
   * @param answer the text that will be generated
   * @param answerTokens its length in tokens, at least 1
   * @param eachToken true to hear of each token, false to hear only of the end
   * @param fetched true if the prompt's KV cache came from another server
   */
  record Work(
      String model,
      String prompt,
      int promptTokens,
      String answer,
      int answerTokens,
      boolean eachToken,
      boolean fetched) {
    int blocks() {
      int tokens = promptTokens + answerTokens;
      return (tokens + KvCache.BLOCK_TOKENS - 1) / KvCache.BLOCK_TOKENS;
    }
  }

  /** A request on its way through the engine. */
  final class Sequence {
    private final Work work;
    private final Listener listener;
    private final long arrived;
    private final long[] chain;
    private boolean aborted;
    private boolean admitted;
    private long firstToken;
    private int tokens;

    private Sequence(Work work, Listener listener) {
      this.work = work;
      this.listener = listener;
      this.arrived = timer.nanos();
      this.chain = KvCache.chain(work.model(), work.prompt());
    }
  }

  private final ServerSettings settings;
  private final Timer timer;
  private final EngineMetrics metrics;
  private final KvCache cache;
  private final ArrayDeque<Sequence> waiting = new ArrayDeque<>();
  private final ArrayDeque<Sequence> toPrefill = new ArrayDeque<>();
  private int running;
  private boolean prefilling;

  Engine(ServerSettings settings, Timer timer, EngineMetrics metrics) {
    this.settings = settings;
    this.timer = timer;
    this.metrics = metrics;
    this.cache = new KvCache(settings.cacheBlocks());
  }

  /** Takes a request in. */
  Sequence submit(Work work, Listener listener) {
    var sequence = new Sequence(work, listener);
    timer.soon(
        () -> {
          waiting.add(sequence);
          admit();
        });
    return sequence;
  }

  /** Gives a request up; its listener hears nothing more. */
  void abort(Sequence sequence) {
    timer.soon(
        () -> {
          if (sequence.aborted || sequence.tokens == sequence.work.answerTokens()) {
            return;
          }
          sequence.aborted = true;
          if (sequence.admitted) {
            toPrefill.remove(sequence);
            leave(sequence);
          } else {
            waiting.remove(sequence);
          }
          metrics.aborted();
          admit();
        });
  }

  @Override
  public void close() {
    timer.close();
  }

  private void admit() {
    while (!waiting.isEmpty()
        && running < settings.maxRunning()
        && cache.reserve(waiting.getFirst().work.blocks())) {
      Sequence next = waiting.removeFirst();
      next.admitted = true;
      running++;
      metrics.queued(timer.nanos() - next.arrived);
      toPrefill.add(next);
    }
    publish();
    prefillNext();
  }

  private void prefillNext() {
    if (prefilling || toPrefill.isEmpty()) {
      return;
    }
    prefilling = true;
    Sequence sequence = toPrefill.removeFirst();
    int promptTokens = sequence.work.promptTokens();
    int cachedTokens;
    if (sequence.work.fetched()) {
      cachedTokens = promptTokens - 1;
    } else {
      cachedTokens = cachedTokens(cache.match(sequence.chain), promptTokens);
      metrics.prefixLookup(promptTokens, cachedTokens);
    }
    long end = timer.nanos() + nanosFor(promptTokens - cachedTokens, settings.prefillRate());
    timer.at(
        end,
        () -> {
          prefilling = false;
          if (!sequence.aborted) {
            prefilled(sequence, cachedTokens);
          }
          prefillNext();
        });
  }

  /** How many of a prompt's tokens need not be computed if this many of its blocks are held. */
  static int cachedTokens(int heldBlocks, int promptTokens) {
    // The last token is always computed: its output is the first answer token.
    return Math.min(heldBlocks * KvCache.BLOCK_TOKENS, promptTokens - 1);
  }

  private void prefilled(Sequence sequence, int cachedTokens) {
    cache.add(sequence.chain);
    sequence.firstToken = timer.nanos();
    metrics.firstToken(sequence.firstToken - sequence.arrived, sequence.work.promptTokens());
    sequence.listener.onPrefilled(cachedTokens);
    if (sequence.work.eachToken()) {
      tokens(sequence, 1);
    } else {
      int rest = sequence.work.answerTokens() - 1;
      timer.at(sequence.firstToken + nanosFor(rest, settings.decodeRate()), () -> finish(sequence));
    }
  }

  private void tokens(Sequence sequence, int to) {
    int upTo = to;
    while (!sequence.aborted) {
      sequence.listener.onTokens(sequence.tokens, upTo);
      sequence.tokens = upTo;
      if (upTo == sequence.work.answerTokens()) {
        finish(sequence);
        return;
      }
      int next = Math.min(upTo + settings.streamInterval(), sequence.work.answerTokens());
      long nextTime = sequence.firstToken + nanosFor(next - 1, settings.decodeRate());
      if (nextTime > timer.nanos()) {
        timer.at(nextTime, () -> tokens(sequence, next));
        return;
      }
      upTo = next;
    }
  }

  private void finish(Sequence sequence) {
    if (sequence.aborted) {
      return;
    }
    sequence.tokens = sequence.work.answerTokens();
    long took = timer.nanos() - sequence.arrived;
    metrics.finished(took, timer.nanos() - sequence.firstToken, sequence.work.answerTokens());
    // The next turn of a chat begins with prompt and answer, and finds the answer's blocks, too.
    String turn = sequence.work.prompt() + sequence.work.answer();
    cache.add(KvCache.chain(sequence.work.model(), turn));
    leave(sequence);
    sequence.listener.onDone();
    admit();
  }

  private void leave(Sequence sequence) {
    running--;
    cache.free(sequence.work.blocks());
    publish();
  }

  private void publish() {
    metrics.load(running, waiting.size(), cache.usage());
  }

  private static long nanosFor(int tokens, double rate) {
    return (long) (tokens * 1e9 / rate);
  }
}
