package io.pointsman.e2e.replay;

import java.util.Random;

/**
 * Text without meaning: words of three letters and a space, so that a word is one token where a
 * token is taken for four bytes.
 */
final class Words {
  /** Of a word, with its space. */
  static final int LENGTH = 4;

  private static final int LETTERS = 26;

  private Words() {}

  static String text(Random random, int tokens) {
    var text = new StringBuilder(tokens * LENGTH);
    for (int i = 0; i < tokens; i++) {
      for (int letter = 0; letter < LENGTH - 1; letter++) {
        text.append((char) ('a' + random.nextInt(LETTERS)));
      }
      text.append(' ');
    }
    return text.toString();
  }
}
