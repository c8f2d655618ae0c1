package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.BUFFERED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.STREAMED;
import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.service.ext_proc.v3.ImmediateResponse;
import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** A stream that waits for work done elsewhere, or watches it, and what breaks it off. */
class WaitingTest {
  private static final Rejection FAILED = Rejection.noEndpoints("llama");

  private final ExtProcFixture fixture = new ExtProcFixture();
  private final CompletableFuture<String> work = new CompletableFuture<>();
  private final List<String> done = new ArrayList<>();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void noMessageIsTakenWhileARequestWaits() {
    FakeEnvoy envoy = waiting((value, failure) -> done.add("got " + value));

    envoy.responseHeaders(200);
    assertThat(envoy.pending()).isZero();
    work.complete("it");

    assertThat(done).containsExactly("got it");
    assertThat(envoy.reply().hasResponseHeaders()).isTrue();
  }

  @Test
  void aFailureIsHandedOverAsItIs() {
    var cause = new IllegalArgumentException("no");
    waiting((value, failure) -> done.add(value + " " + (failure == cause)));

    work.completeExceptionally(cause);

    assertThat(done).containsExactly("null true");
  }

  @Test
  void severalWaitsFollowOneAnother() {
    var second = new CompletableFuture<String>();
    FakeEnvoy envoy =
        waiting((value, failure) -> stream().await(second, (next, none) -> done.add(value + next)));
    envoy.responseHeaders(200);

    work.complete("a");
    assertThat(done).isEmpty();
    assertThat(envoy.pending()).isZero();
    second.complete("b");

    assertThat(done).containsExactly("ab");
    assertThat(envoy.reply().hasResponseHeaders()).isTrue();
  }

  @Test
  void whatIsCompleteAlreadyHoldsNothing() {
    work.complete("at once");
    FakeEnvoy envoy = waiting((value, failure) -> done.add(value));

    envoy.responseHeaders(200).responseBody("a", true);

    assertThat(done).containsExactly("at once");
    assertThat(envoy.reply().hasResponseHeaders()).isTrue();
    assertThat(envoy.reply().hasResponseBody()).isTrue();
  }

  @Test
  void workIsCancelledWhenItsClientLeaves() {
    FakeEnvoy envoy = waiting((value, failure) -> done.add("never"));

    envoy.cancel();

    assertThat(work).isCancelled();
    assertThat(done).isEmpty();
    assertEndedOnce("ended");
  }

  @Test
  void workIsCancelledWhenEnvoyEndsTheStream() {
    waiting((value, failure) -> done.add("never")).halfClose();

    assertThat(work).isCancelled();
    assertEndedOnce("ended");
  }

  @Test
  void anExceptionInWhatFollowsEndsTheStream() {
    FakeEnvoy envoy =
        waiting(
            (value, failure) -> {
              throw new IllegalStateException("bug");
            });

    work.complete("it");

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.INTERNAL);
    assertThat(fixture.count("pointsman.extproc.protocol.errors", "kind", "internal")).isOne();
    assertEndedOnce("ended");
  }

  @Test
  void drainingWaitsForWhatTheStreamWaitsFor() {
    FakeEnvoy envoy = waiting((value, failure) -> done.add(value));

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    work.complete("it");

    assertThat(done).containsExactly("it");
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertEndedOnce("drained");
  }

  @Test
  void whatIsOnlyWatchedHoldsNothing() {
    FakeEnvoy envoy = watching((value, failure) -> done.add(value));

    envoy.responseHeaders(200);
    assertThat(envoy.reply().hasResponseHeaders()).isTrue();
    work.complete("it");
    envoy.responseBody("a", true);

    assertThat(done).containsExactly("it");
    assertThat(envoy.reply().hasResponseBody()).isTrue();
  }

  @Test
  void whatIsWatchedIsCancelledWithTheStream() {
    watching((value, failure) -> done.add("never")).cancel();

    assertThat(work).isCancelled();
    assertThat(done).isEmpty();
  }

  @Test
  void drainingWaitsForWhatTheStreamWatches() {
    FakeEnvoy envoy = watching((value, failure) -> done.add(value));

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    work.complete("it");

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertEndedOnce("drained");
  }

  @Test
  void anAbortBeforeResponseHeadersIsTheClientsAnswer() {
    FakeEnvoy envoy = watching((value, failure) -> stream().abort(FAILED));

    work.complete("it");

    ImmediateResponse answer = envoy.reply().getImmediateResponse();
    assertThat(answer.getStatus().getCodeValue()).isEqualTo(503);
    assertThat(answer.getBody().toStringUtf8()).contains("no pod of model llama is ready");
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertEndedOnce("aborted");
    assertThat(fixture.count("pointsman.requests")).isOne();
    assertThat(fixture.count("pointsman.requests", "strategy", "hooked", "code", "503")).isOne();
  }

  @Test
  void anAbortAfterResponseHeadersCutsTheAnswer() {
    FakeEnvoy envoy = watching((value, failure) -> stream().abort(FAILED));
    envoy.responseHeaders(200);
    assertThat(envoy.reply().hasResponseHeaders()).isTrue();

    work.complete("it");

    assertThat(envoy.reply().hasImmediateResponse()).isTrue();
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertEndedOnce("aborted");
    assertThat(fixture.count("pointsman.requests")).isOne();
    assertThat(fixture.count("pointsman.requests", "code", "200")).isOne();
  }

  @Test
  void anAnswerThatIsCompleteIsNotAborted() {
    FakeEnvoy envoy = watching((value, failure) -> stream().abort(FAILED));
    envoy.responseHeaders(200).responseBody("a", true);
    envoy.reply();
    envoy.reply();

    work.complete("it");
    envoy.halfClose();

    assertThat(envoy.pending()).isZero();
    assertEndedOnce("completed");
  }

  /** The thread that completes and the one that cancels meet in the same stream. */
  @RepeatedTest(50)
  void completionAndCancellationAtOnceEndTheStreamOnce() throws InterruptedException {
    FakeEnvoy envoy = watching((value, failure) -> stream().abort(FAILED));
    var start = new CountDownLatch(1);
    var completing =
        new Thread(
            () -> {
              try {
                start.await();
              } catch (InterruptedException e) {
                return;
              }
              work.complete("it");
            });
    completing.start();
    start.countDown();
    envoy.cancel();
    completing.join(TimeUnit.SECONDS.toMillis(10));

    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.requests.ended")).isOne();
    assertThat(fixture.count("pointsman.requests")).isOne();
  }

  /** A stream that begins to wait for {@link #work} while it decides. */
  private FakeEnvoy waiting(Continuation<String> then) {
    fixture.hook = () -> stream().await(work, then);
    return decided();
  }

  /** A stream that begins to watch {@link #work} while it decides. */
  private FakeEnvoy watching(Continuation<String> then) {
    fixture.hook = () -> stream().watch(work, then);
    return decided();
  }

  private FakeEnvoy decided() {
    return fixture.open().modes(BUFFERED, STREAMED).decided("routing-strategy", "hooked");
  }

  private RequestStream stream() {
    return fixture.service.streams().iterator().next();
  }

  private void assertEndedOnce(String outcome) {
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.requests.ended")).isOne();
    assertThat(fixture.count("pointsman.requests.ended", "outcome", outcome)).isOne();
  }
}
