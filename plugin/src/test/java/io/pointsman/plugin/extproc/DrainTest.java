package io.pointsman.plugin.extproc;

import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.BUFFERED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.FULL_DUPLEX_STREAMED;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.NONE;
import static io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode.STREAMED;
import static io.pointsman.plugin.extproc.FakeEnvoy.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.Status;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/** Rule 8: a replica that goes down ends what is decided with OK and lets the rest run. */
class DrainTest {
  private final ExtProcFixture fixture = new ExtProcFixture();

  @AfterEach
  void close() {
    fixture.close();
  }

  @Test
  void decidedStreamEndsWithOk() {
    var envoy = fixture.open().decided().responseHeaders(200);
    envoy.reply();

    fixture.service.endDecidedStreams();

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.requests.ended", "outcome", "drained")).isOne();
  }

  @Test
  void streamThatWaitsForItsBodyIsDecidedAndEndsThen() {
    var envoy = fixture.open().chatHeaders();
    envoy.reply();

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    envoy.body(CHAT);

    assertThat(envoy.reply().getRequestBody().getResponse().hasHeaderMutation()).isTrue();
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertThat(fixture.inFlight()).isZero();
  }

  @Test
  void streamThatComesAfterwardsIsServedToo() {
    fixture.service.endDecidedStreams();

    var envoy = fixture.open().decided();

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    assertThat(fixture.service.openStreams()).isZero();
  }

  /** What Envoy has sent us in full duplex it no longer has: an end now would lose it. */
  @Test
  void fullDuplexResponseRunsToItsEnd() {
    var envoy =
        fixture.open().modes(FULL_DUPLEX_STREAMED, FULL_DUPLEX_STREAMED).chatHeaders().body(CHAT);
    envoy.responseHeaders(200);

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    envoy.responseBody("a", false);
    assertThat(envoy.status()).isNull();
    envoy.responseBody("b", true);

    assertThat(envoy.pending()).isEqualTo(5);
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void fullDuplexRequestRunsToItsEnd() {
    var envoy = fixture.open().modes(FULL_DUPLEX_STREAMED, NONE).chatHeaders().body("{", false);

    fixture.service.endDecidedStreams();
    assertThat(envoy.status()).isNull();
    envoy.body(CHAT.substring(1), true);

    assertThat(envoy.pending()).isEqualTo(2);
    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  @Test
  void responseThatOnlyPassesByGoesOnWithoutUs() {
    var envoy = fixture.open().modes(BUFFERED, STREAMED).decided().responseHeaders(200);

    fixture.service.endDecidedStreams();

    assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
  }

  /** The thread that drains and the threads of gRPC meet in the same streams. */
  @RepeatedTest(20)
  void streamsThatDecideMeanwhileAllEndOnce() throws InterruptedException {
    int count = 200;
    List<FakeEnvoy> envoys = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      FakeEnvoy envoy = fixture.open().chatHeaders();
      envoys.add(envoy);
    }
    var start = new CountDownLatch(1);
    var drain =
        new Thread(
            () -> {
              try {
                start.await();
              } catch (InterruptedException e) {
                return;
              }
              fixture.service.endDecidedStreams();
            });
    drain.start();
    start.countDown();
    for (FakeEnvoy envoy : envoys) {
      envoy.body(CHAT);
    }
    drain.join(TimeUnit.SECONDS.toMillis(10));

    for (FakeEnvoy envoy : envoys) {
      assertThat(envoy.reply().hasRequestHeaders()).isTrue();
      assertThat(envoy.reply().hasRequestBody()).isTrue();
      assertThat(envoy.ended().getCode()).isEqualTo(Status.Code.OK);
    }
    assertThat(fixture.inFlight()).isZero();
    assertThat(fixture.service.openStreams()).isZero();
    assertThat(fixture.count("pointsman.requests.ended", "outcome", "drained")).isEqualTo(count);
  }
}
