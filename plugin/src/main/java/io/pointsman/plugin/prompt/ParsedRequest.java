package io.pointsman.plugin.prompt;

/**
 * What a request asks for. The prompt is given as spans of the body in the order in which a model
 * sees them; nothing is copied, so a parsed request is good only as long as the body array is.
 *
 * @param model the model's name, never empty
 * @param stream true if the answer is to be streamed
 * @param includeUsage true if {@code stream_options.include_usage} is true
 * @param maxTokens the answer's token limit, or -1 where the request sets none
 * @param prompt where the prompt text stands in the body
 */
public record ParsedRequest(
    String model, boolean stream, boolean includeUsage, int maxTokens, PromptSpans prompt)
    implements ReadResult {}
