package io.pointsman.e2e.replay;

import io.pointsman.e2e.modelserver.OfflineServer;
import java.util.HashSet;

/**
 * What a trace amounts to, computed without running anything.
 *
 * @param requests in all
 * @param conversations with at least one request
 * @param templates system prompts that came up
 * @param promptTokens of all requests
 * @param answerTokens of all requests
 * @param cachedTokens of the prompt tokens, those that one pod with an unlimited cache would find
 * @param distinctBlocks different KV cache blocks in all prompts
 */
record TraceStatistics(
    int requests,
    int conversations,
    int templates,
    long promptTokens,
    long answerTokens,
    long cachedTokens,
    int distinctBlocks) {

  /** Sends a trace through one pod that forgets nothing, request by request. */
  static TraceStatistics of(Trace trace, String model) {
    var server = new OfflineServer();
    var conversations = new HashSet<Integer>();
    var templates = new HashSet<Integer>();
    long promptTokens = 0;
    long answerTokens = 0;
    long cachedTokens = 0;
    for (TraceRequest request : trace.requests()) {
      var answered = server.serve(request.body(model));
      conversations.add(request.conversation());
      templates.add(request.template());
      promptTokens += answered.promptTokens();
      cachedTokens += answered.cachedTokens();
      answerTokens += request.maxTokens();
    }
    return new TraceStatistics(
        trace.requests().size(),
        conversations.size(),
        templates.size(),
        promptTokens,
        answerTokens,
        cachedTokens,
        server.promptBlocks());
  }

  /** The best hit ratio there can be: an unlimited cache, one pod. */
  double idealHitRatio() {
    return (double) cachedTokens / promptTokens;
  }
}
