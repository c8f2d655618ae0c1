package io.pointsman.plugin.blockmap;

/**
 * How much of one prompt each candidate holds. Belongs to one thread; good until the next look-up
 * on that thread.
 */
public final class PromptMatch {
  private final PromptHasher hasher = new PromptHasher();
  private final MatchScratch scratch = new MatchScratch();
  private long[] news = new long[64];
  private int longest;

  PromptHasher hasher() {
    return hasher;
  }

  MatchScratch scratch() {
    return scratch;
  }

  void found(int newLongest) {
    longest = newLongest;
  }

  /** Room for the keys of all blocks. */
  long[] news() {
    if (news.length < hasher.size()) {
      news = new long[hasher.keys().length];
    }
    return news;
  }

  /** Full blocks of the prompt. */
  public int blocks() {
    return hasher.size();
  }

  /** Blocks from the start that candidate {@code i} holds. */
  public int matched(int i) {
    return scratch.length(i);
  }

  /** The most blocks from the start that any candidate holds. */
  public int longest() {
    return longest;
  }
}
