package io.pointsman.e2e.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.ByteString;
import io.pointsman.e2e.harness.Ports;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SharingDelayTest {
  private final Ports ports = new Ports();

  @AfterEach
  void tidyUp() {
    ports.close();
  }

  @Test
  void asksTheOtherReplicaForMoreAndMoreOfThePromptUntilItFollows() throws Exception {
    try (var teacher = new FakeReplica(ports, "10.0.0.1:8000");
        var pupil =
            new FakeReplica(
                ports, "10.0.0.2:8000", "10.0.0.2:8000", "10.0.0.2:8000", "10.0.0.1:8000");
        DecisionClient one = teacher.client();
        DecisionClient other = pupil.client()) {

      double[] millis = new SharingDelay("m", List.of(one, other), 1).measure(1);

      assertThat(millis).hasSize(1);
      assertThat(millis[0]).isPositive();
      assertThat(teacher.bodies()).hasSize(1);
      assertThat(pupil.bodies()).hasSize(4);
      String taught = prompt(teacher.bodies().get(0));
      int length = 0;
      for (String body : pupil.bodies()) {
        assertThat(taught).startsWith(prompt(body));
        assertThat(prompt(body)).hasSizeGreaterThan(length);
        length = prompt(body).length();
      }
      awaitClosed(teacher);
      awaitClosed(pupil);
    }
  }

  @Test
  void aDecisionIsInFlightUntilItIsClosed() throws Exception {
    try (var replica = new FakeReplica(ports, "10.0.0.1:8000");
        DecisionClient client = replica.client()) {
      DecisionClient.Held held = client.decide("random", ByteString.copyFromUtf8("{}"));

      assertThat(held.target()).isEqualTo("10.0.0.1:8000");
      assertThat(replica.open()).isEqualTo(1);

      held.close();

      awaitClosed(replica);
    }
  }

  @Test
  void aRefusalIsAnError() throws Exception {
    try (var replica = new FakeReplica(ports);
        DecisionClient client = replica.client()) {
      assertThatThrownBy(() -> client.decide("random", ByteString.copyFromUtf8("{}")))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("did not decide");
    }
  }

  @Test
  void bothDirectionsMustAgree() throws Exception {
    try (var teacher = new FakeReplica(ports, "10.0.0.1:8000");
        var pupil = new FakeReplica(ports, "10.0.0.2:8000", "10.0.0.1:8000", "10.0.0.1:8000");
        DecisionClient one = teacher.client();
        DecisionClient other = pupil.client()) {

      assertThat(new SharingDelay("m", List.of(one, other), 1).agree()).isPositive();

      assertThat(pupil.bodies()).hasSize(3);
      assertThat(teacher.bodies()).hasSize(2);
    }
  }

  private static String prompt(String body) {
    JsonObject message =
        JsonParser.parseString(body)
            .getAsJsonObject()
            .getAsJsonArray("messages")
            .get(0)
            .getAsJsonObject();
    return message.get("content").getAsString();
  }

  private static void awaitClosed(FakeReplica replica) {
    Awaitility.await().atMost(Duration.ofSeconds(10)).until(() -> replica.open() == 0);
  }
}
