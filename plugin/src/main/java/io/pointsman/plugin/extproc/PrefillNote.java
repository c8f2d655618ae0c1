package io.pointsman.plugin.extproc;

import io.pointsman.plugin.endpoint.Endpoint;
import org.jspecify.annotations.Nullable;

/**
 * What became of a request's prefill, for headers and metrics.
 *
 * @param outcome for clients
 * @param pod where the prompt was computed, or null if it was nowhere
 * @param bySidecar true if a proxy beside the decode pod is to call it
 * @param doneNanos when its KV cache was there, by {@link System#nanoTime}; 0 if that is not known
 */
record PrefillNote(String outcome, @Nullable Endpoint pod, boolean bySidecar, long doneNanos) {}
