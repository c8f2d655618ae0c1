package io.pointsman.plugin.prefill;

import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.Outcome;
import io.pointsman.plugin.prefill.PrefillClient.Answer;
import io.pointsman.plugin.prefill.TransferProtocol.InvalidAnswer;
import io.pointsman.plugin.prompt.Malformed;
import io.pointsman.plugin.prompt.SpliceResult;
import io.pointsman.plugin.prompt.SplicedBody;
import io.pointsman.plugin.routing.PrefillPlan;
import io.pointsman.plugin.routing.Reservation;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/**
 * One request's prefill: calls pod after pod until one answers well, the attempts are used up, time
 * is over or the request is gone. Its steps follow one another, each on the thread that ended the
 * one before.
 */
final class PrefillRun {
  private static final byte[] NO_ANSWER = new byte[0];

  private final PrefillSettings settings;
  private final EndpointRegistry registry;
  private final PrefillClient client;
  private final PrefillMeters meters;
  private final PrefillLog log;
  private final PrefillPlan plan;
  private final PrefillRequest request;
  private final CompletableFuture<PrefillOutcome> outcome = new CompletableFuture<>();
  private final Set<Endpoint> tried = new HashSet<>();
  private final long end;

  /** The call that is under way; read by whoever cancels. */
  private volatile @Nullable CompletableFuture<Answer> call;

  PrefillRun(
      PrefillSettings settings,
      EndpointRegistry registry,
      PrefillClient client,
      PrefillMeters meters,
      PrefillLog log,
      PrefillPlan plan,
      PrefillRequest request) {
    this.settings = settings;
    this.registry = registry;
    this.client = client;
    this.meters = meters;
    this.log = log;
    this.plan = plan;
    this.request = request;
    end = System.nanoTime() + settings.deadline().toNanos();
  }

  CompletableFuture<PrefillOutcome> begin() {
    Reservation first = plan.first();
    Malformed foul = first == null || settings.bySidecar() ? foul() : null;
    if (foul != null) {
      if (first != null) {
        giveBack(first);
      }
      meters.outcome("failed");
      outcome.complete(new PrefillOutcome.Refused(foul));
    } else if (plan.isLacking()) {
      meters.failed(PrefillFailure.NO_POD);
      meters.outcome("decode_only");
      String what = "no prefill pod of the roleset takes requests";
      log.failed(plan.decode(), PrefillFailure.NO_POD, what, "decode-only");
      outcome.complete(new PrefillOutcome.DecodeOnly(PrefillFailure.NO_POD));
    } else if (first == null) {
      skip(plan.isSkipped() ? "cached" : "combined");
    } else if (!request.generates()) {
      giveBack(first);
      skip("api");
    } else if (settings.bySidecar()) {
      // The prefill is the sidecar's, which does not say when it is done.
      meters.outcome("sidecar");
      outcome.complete(new PrefillOutcome.BySidecar(first.endpoint()));
    } else {
      attempt(first);
    }
    var unused =
        outcome.whenComplete(
            (value, failure) -> {
              CompletableFuture<Answer> running = call;
              if (failure != null && running != null) {
                running.cancel(true);
              }
            });
    return outcome;
  }

  private void skip(String why) {
    meters.outcome("skipped");
    outcome.complete(new PrefillOutcome.Skipped(why));
  }

  /** Why a body that no protocol of ours changes may not go on; null if it may. */
  private @Nullable Malformed foul() {
    return request.generates() && request.whole() ? TransferProtocol.foul(request) : null;
  }

  /** The pod computes nothing. */
  private static void giveBack(Reservation reservation) {
    reservation.refused();
    reservation.release();
  }

  private void attempt(Reservation reservation) {
    try {
      tryOn(reservation);
    } catch (RuntimeException | Error e) {
      reservation.release();
      throw e;
    }
  }

  private void tryOn(Reservation reservation) {
    Endpoint pod = reservation.endpoint();
    tried.add(pod);
    TransferProtocol protocol =
        TransferProtocol.of(plan.engine(), pod.disaggregation().connector(), request);
    if (protocol == null) {
      giveBack(reservation);
      String what = "connector " + pod.disaggregation().connector() + " is not supported";
      failed(pod, PrefillFailure.CONNECTOR, what, false);
      return;
    }
    SpliceResult body = protocol.prefillBody(request, pod);
    if (body instanceof Malformed malformed) {
      giveBack(reservation);
      meters.outcome("failed");
      outcome.complete(new PrefillOutcome.Refused(malformed));
      return;
    }
    if (pod.inFlight() > settings.maxPerPod()) {
      giveBack(reservation);
      failed(pod, PrefillFailure.BUSY, "too many prefills are under way", protocol.isBeside());
      return;
    }
    send(reservation, protocol, ((SplicedBody) body).bytes());
  }

  private void send(Reservation reservation, TransferProtocol protocol, byte[] body) {
    Endpoint pod = reservation.endpoint();
    long begin = System.nanoTime();
    Duration left = Duration.ofNanos(Math.max(1, end - begin));
    Duration limit = left.compareTo(settings.callTimeout()) < 0 ? left : settings.callTimeout();
    CompletableFuture<Answer> sent =
        client.post(pod, request.path(), request.headers(), body, limit);
    meters.began();
    call = sent;
    if (outcome.isDone()) {
      sent.cancel(true);
    }
    CompletableFuture<PrefillOutcome.Failed> rest = new CompletableFuture<>();
    var unused =
        sent.whenCompleteAsync(
            (answer, failure) -> {
              meters.ended();
              try {
                settle(reservation, begin, answer, failure);
                if (protocol.isBeside()) {
                  endBeside(pod, answer, failure, rest);
                } else {
                  answered(pod, protocol, answer, failure);
                }
              } catch (RuntimeException | Error e) {
                // Else nobody would hear of it, and the request would wait.
                outcome.completeExceptionally(e);
                rest.completeExceptionally(e);
                throw e;
              }
            },
            // Not on the thread that keeps time for everybody.
            client.threads());
    if (protocol.isBeside()) {
      goOnBeside(pod, protocol, sent, rest);
    }
  }

  /** Counts what a call met at its pod, and gives the reservation back. */
  private void settle(
      Reservation reservation, long begin, @Nullable Answer answer, @Nullable Throwable cause) {
    try {
      PrefillFailure failure = failure(answer, cause);
      if (failure == null) {
        meters.took(System.nanoTime() - begin);
      } else {
        reservation.refused();
      }
      if (!(cause instanceof CancellationException)) {
        Outcome met = failure == null ? Outcome.ANSWERED : health(failure);
        registry.report(reservation.endpoint(), met);
      }
    } finally {
      // Only now: a trial whose permit is given back first has no outcome.
      reservation.release();
    }
  }

  // Waited for.

  private void answered(
      Endpoint pod, TransferProtocol protocol, @Nullable Answer answer, @Nullable Throwable cause) {
    if (outcome.isDone()) {
      return;
    }
    PrefillFailure failure = failure(answer, cause);
    if (failure != null) {
      failed(pod, failure, what(answer, cause), false);
      return;
    }
    hand(pod, protocol, answer == null ? NO_ANSWER : answer.body());
  }

  /** Hands the KV cache over to the decode pod. */
  private void hand(Endpoint pod, TransferProtocol protocol, byte[] answer) {
    SpliceResult body;
    try {
      body = protocol.decodeBody(request, pod, answer);
    } catch (InvalidAnswer e) {
      failed(pod, PrefillFailure.INVALID, String.valueOf(e.getMessage()), false);
      return;
    }
    if (body == null) {
      meters.outcome("skipped");
      outcome.complete(new PrefillOutcome.Skipped("nothing-handed-over"));
    } else if (body instanceof Malformed malformed) {
      meters.outcome("failed");
      outcome.complete(new PrefillOutcome.Refused(malformed));
    } else {
      meters.outcome("completed");
      outcome.complete(new PrefillOutcome.Done(((SplicedBody) body).bytes(), pod));
    }
  }

  // Beside the request.

  private void goOnBeside(
      Endpoint pod,
      TransferProtocol protocol,
      CompletableFuture<Answer> sent,
      CompletableFuture<PrefillOutcome.Failed> rest) {
    var unused =
        rest.whenComplete(
            (value, failure) -> {
              if (failure != null) {
                sent.cancel(true);
              }
            });
    SpliceResult body;
    try {
      body = protocol.decodeBody(request, pod, NO_ANSWER);
    } catch (InvalidAnswer e) {
      throw new IllegalStateException(e);
    }
    if (body instanceof SplicedBody spliced) {
      outcome.complete(new PrefillOutcome.Beside(spliced.bytes(), pod, rest));
    } else {
      throw new IllegalStateException("the same edits were refused for the decode pod alone");
    }
  }

  private void endBeside(
      Endpoint pod,
      @Nullable Answer answer,
      @Nullable Throwable cause,
      CompletableFuture<PrefillOutcome.Failed> rest) {
    PrefillFailure failure = failure(answer, cause);
    if (failure == null) {
      meters.outcome("completed");
      rest.complete(null);
      return;
    }
    if (cause instanceof CancellationException) {
      return;
    }
    meters.failed(failure);
    meters.outcome("failed");
    log.failed(pod, failure, what(answer, cause), "fail");
    rest.complete(new PrefillOutcome.Failed(failure, status(failure, answer)));
  }

  // Failures.

  private static @Nullable PrefillFailure failure(
      @Nullable Answer answer, @Nullable Throwable cause) {
    if (answer != null) {
      int status = answer.status();
      boolean refused = status >= 400 && status < 500 && status != 408 && status != 429;
      return status == 200 ? null : refused ? PrefillFailure.REFUSED : PrefillFailure.STATUS;
    }
    Throwable root = cause;
    while (root instanceof CompletionException && root.getCause() != null) {
      root = root.getCause();
    }
    if (root instanceof TimeoutException) {
      return PrefillFailure.TIMEOUT;
    }
    return root instanceof CappedBody.TooLarge
        ? PrefillFailure.TOO_LARGE
        : PrefillFailure.CONNECTION;
  }

  /** What a failure tells of the pod's health. */
  private static Outcome health(PrefillFailure failure) {
    return switch (failure) {
      case CONNECTION -> Outcome.CONNECTION_FAILED;
      case TIMEOUT, STATUS, TOO_LARGE -> Outcome.UNAVAILABLE;
      case REFUSED -> Outcome.ANSWERED;
      case INVALID, BUSY, NO_POD, CONNECTOR -> Outcome.NEUTRAL;
    };
  }

  private static String what(@Nullable Answer answer, @Nullable Throwable cause) {
    return answer != null ? "status " + answer.status() : String.valueOf(cause);
  }

  private static int status(PrefillFailure failure, @Nullable Answer answer) {
    return failure == PrefillFailure.REFUSED && answer != null ? answer.status() : 503;
  }

  /**
   * @param mustPrefill true if the decode pod cannot do without
   */
  private void failed(Endpoint pod, PrefillFailure failure, String what, boolean mustPrefill) {
    meters.failed(failure);
    // What one pod holds for wrong the next one does too; the decode pod says what is wrong.
    boolean again = failure != PrefillFailure.REFUSED && !isConnector(failure);
    if (again && tried.size() < settings.attempts() && end - System.nanoTime() > 0) {
      Reservation next = plan.another(tried);
      if (next != null) {
        log.failed(pod, failure, what, "another-pod");
        attempt(next);
        return;
      }
    }
    if (failure == PrefillFailure.REFUSED || (decodes() && !mustPrefill && !isConnector(failure))) {
      log.failed(pod, failure, what, "decode-only");
      meters.outcome("decode_only");
      outcome.complete(new PrefillOutcome.DecodeOnly(failure));
    } else {
      log.failed(pod, failure, what, "fail");
      meters.outcome("failed");
      outcome.complete(new PrefillOutcome.Failed(failure, 503));
    }
  }

  /** A mistake in a label is for the operator to see, not to be covered by decode pods. */
  private static boolean isConnector(PrefillFailure failure) {
    return failure == PrefillFailure.CONNECTOR;
  }

  private boolean decodes() {
    String policy = plan.onFailure();
    return policy == null ? settings.decodeOnFailure() : policy.equals("decode-only");
  }
}
