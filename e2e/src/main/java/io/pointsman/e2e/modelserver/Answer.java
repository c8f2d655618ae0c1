package io.pointsman.e2e.modelserver;

import java.util.ArrayList;
import java.util.List;

/**
 * What the server says to one request. The words follow from the prompt, so that the same request
 * gets the same answer everywhere.
 *
 * @param id the answer's id
 * @param created seconds since 1970
 * @param model as the request named it
 * @param servedBy the server's name
 * @param promptTokens length of the prompt
 * @param tokens the answer, token by token, four bytes each
 */
record Answer(
    String id, long created, String model, String servedBy, int promptTokens, List<String> tokens) {
  private static final String[] WORDS = {
    "the ", "red ", "oak ", "sun ", "sea ", "fox ", "ran ", "far ", "and ", "saw ", "old ", "man ",
    "row ", "his ", "new ", "tin ", "box ", "out ", "for ", "one ", "day ", "hot ", "tea ", "met ",
    "him ", "ice ", "cup ", "low ", "sky ", "was ", "all ", "his "
  };

  static List<String> tokens(String prompt, int count) {
    var tokens = new ArrayList<String>(count);
    int seed = prompt.hashCode();
    for (int i = 0; i < count; i++) {
      seed = seed * 1_103_515_245 + 12_345;
      tokens.add(WORDS[(seed >>> 16) % WORDS.length]);
    }
    return tokens;
  }

  String text() {
    return String.join("", tokens);
  }
}
