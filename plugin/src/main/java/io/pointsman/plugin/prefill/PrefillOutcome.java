package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.prompt.Malformed;
import java.util.concurrent.CompletableFuture;

/** What became of a request's prefill, and how the request goes on. */
public sealed interface PrefillOutcome
    permits PrefillOutcome.Done,
        PrefillOutcome.Beside,
        PrefillOutcome.BySidecar,
        PrefillOutcome.Skipped,
        PrefillOutcome.DecodeOnly,
        PrefillOutcome.Failed,
        PrefillOutcome.Refused {

  /**
   * The KV cache is there.
   *
   * @param body what the decode pod is to be sent
   * @param pod where the prompt was computed
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Done(byte[] body, Endpoint pod) implements PrefillOutcome {}

  /**
   * The prefill goes on while the decode pod is already sent the request: the two find each other.
   *
   * @param body what the decode pod is to be sent
   * @param pod where the prompt is being computed
   * @param rest complete when the prefill is, with null or with why it failed; cancelling it
   *     cancels the prefill
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Beside(byte[] body, Endpoint pod, CompletableFuture<Failed> rest)
      implements PrefillOutcome {}

  /** A proxy beside the decode pod is to call this pod. */
  record BySidecar(Endpoint pod) implements PrefillOutcome {}

  /**
   * None was needed: the request goes on as it is.
   *
   * @param why for metrics and clients
   */
  record Skipped(String why) implements PrefillOutcome {}

  /** It came to nothing: the decode pod is sent the request as it is and computes all of it. */
  record DecodeOnly(PrefillFailure failure) implements PrefillOutcome {}

  /**
   * It came to nothing, and so does the request.
   *
   * @param status for the client
   */
  record Failed(PrefillFailure failure, int status) implements PrefillOutcome {}

  /** The client's body cannot be changed as the engine's protocol asks. */
  record Refused(Malformed why) implements PrefillOutcome {}
}
