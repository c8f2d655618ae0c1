package io.pointsman.e2e.replay;

import static io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase.REQUEST_BODY;
import static io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase.REQUEST_HEADERS;
import static io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase.RESPONSE_BODY;
import static io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest.RequestCase.RESPONSE_HEADERS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import io.pointsman.e2e.harness.Ports;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RequestLoadTest {
  private static final List<ByteString> BODIES =
      List.of(ByteString.copyFromUtf8("{\"a\":1}"), ByteString.copyFromUtf8("{\"b\":2}"));

  private final Ports ports = new Ports();

  @AfterEach
  void tidyUp() {
    ports.close();
  }

  @Test
  void eachRequestIsWholeAndBodiesTakeTurns() throws Exception {
    try (var replica = new FakeReplica(ports, "10.0.0.1:8000");
        var load = new RequestLoad(replica.address(), BODIES, 1)) {
      load.send(new RequestLoad.Kind(Map.of(), List.of()), 2);

      assertThat(replica.messages())
          .containsExactly(
              REQUEST_HEADERS,
              REQUEST_BODY,
              RESPONSE_HEADERS,
              REQUEST_HEADERS,
              REQUEST_BODY,
              RESPONSE_HEADERS);
      assertThat(replica.bodies()).containsExactlyInAnyOrder("{\"a\":1}", "{\"b\":2}");
      assertThat(replica.open()).isZero();
    }
  }

  @Test
  void theAnswersBodyIsSentWhereItIsWanted() throws Exception {
    try (var replica = new FakeReplica(ports, "10.0.0.1:8000");
        var load = new RequestLoad(replica.address(), BODIES, 1)) {
      load.send(new RequestLoad.Kind(Map.of(), SampleAnswers.streamed(3)), 1);

      assertThat(replica.messages())
          .containsExactly(
              REQUEST_HEADERS,
              REQUEST_BODY,
              RESPONSE_HEADERS,
              RESPONSE_BODY,
              RESPONSE_BODY,
              RESPONSE_BODY);
    }
  }

  @Test
  void soManyAreUnderWayAtATimeAndNoMoreThanAskedForAreSent() throws Exception {
    try (var replica = new FakeReplica(ports, "10.0.0.1:8000");
        var load = new RequestLoad(replica.address(), BODIES, 4)) {
      load.send(new RequestLoad.Kind(Map.of(), List.of()), 50);

      assertThat(replica.bodies()).hasSize(50);
      assertThat(replica.mostOpen()).isBetween(1, 4);
    }
  }

  @Test
  void refusalsAreCounted() throws Exception {
    try (var replica = new FakeReplica(ports);
        var load = new RequestLoad(replica.address(), BODIES, 2)) {
      assertThat(load.send(new RequestLoad.Kind(Map.of(), List.of()), 3)).isEqualTo(3);
    }
  }

  @Test
  void aReplicaThatIsNotThereIsAnError() {
    try (var load = new RequestLoad("127.0.0.1:" + ports.next(), BODIES, 1)) {
      assertThatThrownBy(() -> load.send(new RequestLoad.Kind(Map.of(), List.of()), 1))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("UNAVAILABLE");
    }
  }
}
