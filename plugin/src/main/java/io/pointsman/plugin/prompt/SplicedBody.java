package io.pointsman.plugin.prompt;

/**
 * A body that was changed.
 *
 * @param bytes all of it
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record SplicedBody(byte[] bytes) implements SpliceResult {}
