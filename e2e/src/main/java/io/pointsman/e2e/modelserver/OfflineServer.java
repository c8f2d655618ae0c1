package io.pointsman.e2e.modelserver;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/**
 * What a {@link SampleModelServer} would answer, and how much of each prompt it would find in a KV
 * cache that forgets nothing, without serving. Not thread-safe.
 */
public final class OfflineServer {
  private static final String PATH = "/v1/chat/completions";

  /**
   * What became of one chat completion.
   *
   * @param promptTokens length of the prompt
   * @param cachedTokens how much of it earlier prompts and answers had brought into the cache
   * @param answer the text of the answer
   */
  public record Answered(int promptTokens, int cachedTokens, String answer) {}

  private final KvCache cache = new KvCache(Integer.MAX_VALUE);
  private final Set<Long> promptBlocks = new HashSet<>();

  /**
   * The text that every server answers to this chat completion.
   *
   * @param body a request that limits its answer
   * @throws IllegalArgumentException if a server would refuse it
   */
  public static String answer(String body) {
    return answer(read(body));
  }

  /**
   * Serves a chat completion from its beginning to its end.
   *
   * @param body a request that limits its answer
   * @throws IllegalArgumentException if a server would refuse it
   */
  public Answered serve(String body) {
    ApiCall call = read(body);
    long[] chain = KvCache.chain(call.model(), call.prompt());
    int promptTokens = KvCache.tokens(call.prompt());
    int cachedTokens = Engine.cachedTokens(cache.match(chain), promptTokens);
    for (long block : chain) {
      promptBlocks.add(block);
    }
    String answer = answer(call);
    cache.add(chain);
    cache.add(KvCache.chain(call.model(), call.prompt() + answer));
    return new Answered(promptTokens, cachedTokens, answer);
  }

  /** Different full blocks in all prompts so far; blocks that only answers filled do not count. */
  public int promptBlocks() {
    return promptBlocks.size();
  }

  private static String answer(ApiCall call) {
    return String.join("", Answer.tokens(call.prompt(), call.answerTokens()));
  }

  private static ApiCall read(String body) {
    try {
      ApiCall call = ApiCall.read(PATH, null, body.getBytes(StandardCharsets.UTF_8));
      if (call.answerTokens() < 1) {
        throw new IllegalArgumentException("the request does not limit its answer");
      }
      return call;
    } catch (BadRequest e) {
      throw new IllegalArgumentException(e.body(), e);
    }
  }
}
