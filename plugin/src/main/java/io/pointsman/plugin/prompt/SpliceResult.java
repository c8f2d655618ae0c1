package io.pointsman.plugin.prompt;

/** What changing a request body came to. */
public sealed interface SpliceResult permits SplicedBody, Malformed {}
