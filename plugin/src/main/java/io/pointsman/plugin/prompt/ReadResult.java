package io.pointsman.plugin.prompt;

/** What reading a request body came to. */
public sealed interface ReadResult permits ParsedRequest, Malformed {}
