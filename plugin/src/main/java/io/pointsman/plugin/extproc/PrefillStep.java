package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.pointsman.plugin.prefill.PrefillOutcome;
import io.pointsman.plugin.prefill.PrefillRequest;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.Api;
import io.pointsman.plugin.routing.PrefillPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * What comes between the decision on a request and its delivery if another pod computes the prompt:
 * begins the prefill, waits for it and lets the request go on as its outcome says. Called under the
 * stream's lock.
 */
final class PrefillStep {
  /** Sends the request on to its pod. */
  interface Delivery {
    /**
     * Sends it.
     *
     * @param changed the body in place of the one that came, or null
     */
    void deliver(RoutedRequest routed, byte @Nullable [] changed);
  }

  private final RequestStream stream;
  private final Prefiller prefiller;
  private final RoutedRequest routed;
  private final Delivery delivery;

  PrefillStep(RequestStream stream, Prefiller prefiller, RoutedRequest routed, Delivery delivery) {
    this.stream = stream;
    this.prefiller = prefiller;
    this.routed = routed;
    this.delivery = delivery;
  }

  /** Begins. */
  void begin(
      PrefillPlan plan, String path, Api api, HeaderMap headers, BodyBytes body, boolean whole) {
    var request =
        new PrefillRequest(
            path, api, passed(headers), body.array(), body.offset(), body.length(), whole);
    CompletableFuture<PrefillOutcome> outcome = prefiller.begin(plan, request);
    Duration time = prefiller.settings().messageTimeout();
    if (time != null && !outcome.isDone()) {
      stream.send(Replies.moreTime(time));
    }
    stream.await(outcome, this::goOn);
  }

  private List<String> passed(HeaderMap headers) {
    List<String> names = prefiller.settings().passedHeaders();
    List<String> passed = new ArrayList<>();
    ByteString id = routed.requestId();
    passed.add(HeaderRules.X_REQUEST_ID);
    passed.add(id.toStringUtf8());
    for (HeaderValue header : headers.getHeadersList()) {
      if (names.contains(header.getKey())) {
        passed.add(header.getKey());
        passed.add(RequestHeaders.value(header));
      }
    }
    return passed;
  }

  private void goOn(@Nullable PrefillOutcome outcome, @Nullable Throwable failure) {
    if (outcome == null) {
      throw new IllegalStateException("a prefill without an outcome", failure);
    }
    if (outcome instanceof PrefillOutcome.Done done) {
      var note = new PrefillNote("completed", done.pod(), false, System.nanoTime());
      deliver(done.body(), note);
    } else if (outcome instanceof PrefillOutcome.Beside beside) {
      deliver(beside.body(), new PrefillNote("beside", beside.pod(), false, 0));
      stream.watch(beside.rest(), this::abortIf);
    } else if (outcome instanceof PrefillOutcome.BySidecar sidecar) {
      deliver(null, new PrefillNote("sidecar", sidecar.pod(), true, 0));
    } else if (outcome instanceof PrefillOutcome.Skipped skipped) {
      deliver(null, new PrefillNote("skipped; reason=" + skipped.why(), null, false, 0));
    } else if (outcome instanceof PrefillOutcome.DecodeOnly decode) {
      String what = "decode-only; reason=" + decode.failure().label();
      deliver(null, new PrefillNote(what, null, false, 0));
    } else if (outcome instanceof PrefillOutcome.Refused refused) {
      stream.refund();
      stream.abort(Rejection.malformed(refused.why()));
    } else {
      stream.refund();
      stream.abort(Rejection.prefillFailed((PrefillOutcome.Failed) outcome));
    }
  }

  private void deliver(byte @Nullable [] changed, PrefillNote note) {
    RoutedRequest noted = routed.with(note);
    stream.decided(noted);
    delivery.deliver(noted, changed);
  }

  private void abortIf(PrefillOutcome.@Nullable Failed failed, @Nullable Throwable fault) {
    if (fault != null) {
      throw new IllegalStateException("a prefill without an end", fault);
    }
    if (failed != null) {
      stream.abort(Rejection.prefillFailed(failed));
    }
  }
}
