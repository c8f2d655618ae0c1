package io.pointsman.plugin.prompt;

/**
 * What a request asks for. The prompt is given as spans of the body in the order in which a model
 * sees them; nothing is copied, so a parsed request is good only as long as the body array is.
 *
 * @param model the model's name, never empty
 * @param stream true if the answer is to be streamed
 * @param includeUsage true if {@code stream_options.include_usage} is true
 * @param maxTokens the answer's token limit as config profiles see it, whatever the API: the first
 *     of {@code max_tokens}, {@code max_completion_tokens} and {@code max_output_tokens} that the
 *     request sets, or -1
 * @param answerTokens how long an answer may get at most, in tokens: the largest of these limits;
 *     or -1 where the request sets none that its API knows, so that the model server decides
 * @param answers how many answers are asked for, those to all prompts together; at least 1
 * @param prompt where the prompt text stands in the body
 */
public record ParsedRequest(
    String model,
    boolean stream,
    boolean includeUsage,
    int maxTokens,
    int answerTokens,
    int answers,
    PromptSpans prompt)
    implements ReadResult {}
