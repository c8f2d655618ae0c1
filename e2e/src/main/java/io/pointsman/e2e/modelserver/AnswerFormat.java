package io.pointsman.e2e.modelserver;

/** How one API puts an answer: whole, or as server-sent events. Pure functions. */
interface AnswerFormat {
  /** The body of an answer that is not streamed. */
  String whole(Answer answer, int cachedTokens);

  /** Events before the first token. */
  String head(Answer answer, int cachedTokens);

  /** The event of one token. */
  String token(Answer answer, int index);

  /**
   * Events after the last token.
   *
   * @param includeUsage the request's {@code stream_options.include_usage}
   */
  String tail(Answer answer, int cachedTokens, boolean includeUsage);
}
