package io.pointsman.e2e.replay;

import java.time.Duration;

/**
 * What a trace is like.
 *
 * <p>{@link #realistic} is chosen once, by the reasoning below, and not by looking at results:
 *
 * <ul>
 *   <li>Shape: a chat product with 300 system prompts, of which few carry most of the traffic
 *       (Zipf, exponent 1) and most are around 1,000 tokens; conversations of 5 turns on average,
 *       questions of 60 tokens in the median with a long tail of pasted text, answers of 120,
 *       thinking time 15 s in the median. Such a prompt is about 2,500 tokens on average, of which
 *       the last answer and the question, some 280, are new.
 *   <li>Load: the model is fixed at 4,000 prompt tokens per second for each of 8 pods, 32,000
 *       together. A conversation brings some 12,000 prompt tokens in its life: 5 system prompts of
 *       1,300, 5 questions, and 20 times an earlier question and answer. 2.4 conversations per
 *       second bring 29,000 prompt tokens per second: 90 % of what the pods can do if no block is
 *       ever found in a cache. So no strategy is overloaded by construction, not even one that
 *       never hits, and yet each miss is felt as queueing. (Which sizes the most popular system
 *       prompts happen to have moves this by up to a quarter from seed to seed; it is within 1 %
 *       with seed 1.)
 *   <li>Length: 225 seconds hold 2.4 lives of a conversation (94 s), some 750 conversations and
 *       2,600 requests; replayed three times as fast they take 75 s.
 * </ul>
 *
 * @param seed equal settings with equal seeds make equal traces, on every machine
 * @param duration no request arrives later, in trace time
 * @param conversationsPerSecond new conversations, as a Poisson process of constant rate
 * @param templates number of system prompts
 * @param zipfExponent how much more popular the first ones are
 * @param templateTokens length of a system prompt
 * @param meanTurns turns of a conversation on average, geometrically distributed
 * @param maxTurns a longer conversation ends here
 * @param userTokens length of a question
 * @param answerTokens length of an answer
 * @param thinkSeconds from an answer's end to the next question
 * @param decodeRate answer tokens per second, for the time between a question and its answer's end
 */
record TraceSettings(
    long seed,
    Duration duration,
    double conversationsPerSecond,
    int templates,
    double zipfExponent,
    LogNormal templateTokens,
    double meanTurns,
    int maxTurns,
    LogNormal userTokens,
    LogNormal answerTokens,
    LogNormal thinkSeconds,
    double decodeRate) {

  TraceSettings {
    if (duration.isNegative() || conversationsPerSecond <= 0 || decodeRate <= 0) {
      throw new IllegalArgumentException("duration and rates must be above 0");
    }
    if (templates < 1 || meanTurns < 1 || maxTurns < 1) {
      throw new IllegalArgumentException("templates and turns start at 1");
    }
  }

  static TraceSettings realistic(long seed, Duration duration) {
    return new TraceSettings(
        seed,
        duration,
        2.4,
        300,
        1.0,
        new LogNormal(1_000, 0.7, 200, 6_000),
        5,
        20,
        new LogNormal(60, 1.2, 4, 2_000),
        new LogNormal(120, 0.7, 8, 1_000),
        new LogNormal(15, 0.8, 2, 120),
        50);
  }

  /** The duration in seconds. */
  double seconds() {
    return duration.toMillis() / 1000.0;
  }
}
