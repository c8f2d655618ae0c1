package io.pointsman.plugin.endpoint.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.HandClock;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.kubernetes.ProfileChooser.Choice;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class ProfileReportTest {
  private final HandClock clock = new HandClock();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final List<String> told = new ArrayList<>();
  private final ProfileReport report = new ProfileReport(new ToldEvents(), meters, clock);

  private final class ToldEvents implements PodEvents {
    @Override
    public void warn(PodRecord pod, String reason, String message) {
      told.add(pod.name() + " " + reason + " " + message);
    }

    @Override
    public void close() {}
  }

  private static Choice choice(String pod, @Nullable String problem, int disagreeing) {
    var record = new PodRecord("default", pod, pod, "", "m", null, true, "{}", List.of());
    return new Choice(ModelConfig.NONE, record, problem, disagreeing);
  }

  private void refused(String pod, String problem) {
    report.chosen("m", choice(pod, problem, 0));
  }

  @Test
  void whatIsWrongIsToldOnceForEachPodAndReason() {
    refused("a", "one");
    refused("a", "one");
    refused("a", "two");
    refused("b", "two");

    assertThat(told)
        .containsExactly(
            "a InvalidConfigProfile one",
            "a InvalidConfigProfile two",
            "b InvalidConfigProfile two");
    assertThat(meters.get("pointsman.discovery.refused").counter().count()).isEqualTo(3);
  }

  @Test
  void aPodThatComesAndGoesAllTheTimeIsToldOfNowAndThen() {
    for (int i = 0; i < 1_000; i++) {
      refused("a", "one");
      refused("b", "two");
    }

    assertThat(told).hasSize(10);
    assertThat(meters.get("pointsman.discovery.refused").counter().count()).isEqualTo(2_000);

    clock.pass(Duration.ofMinutes(3));
    for (int i = 0; i < 1_000; i++) {
      refused("a", "one");
      refused("b", "two");
    }

    assertThat(told).hasSize(13);
  }

  @Test
  void conflictsThatComeAndGoAreToldOfNowAndThen() {
    for (int i = 0; i < 1_000; i++) {
      report.chosen("m", choice("a", null, 1));
      report.chosen("m", choice("a", null, 0));
    }

    assertThat(told).hasSize(10);
  }

  @Test
  void whatWasPassedOverIsToldLater() {
    for (int i = 0; i < 20; i++) {
      refused("a", "reason " + i);
    }
    clock.pass(Duration.ofMinutes(1));
    refused("a", "reason 19");

    assertThat(told).hasSize(11).last().isEqualTo("a InvalidConfigProfile reason 19");
  }

  @Test
  void oneModelsFloodKeepsNoOtherModelFromBeingHeard() {
    for (int i = 0; i < 100; i++) {
      refused("a", "reason " + i);
    }
    report.chosen("other", choice("b", "wrong", 0));

    assertThat(told).last().isEqualTo("b InvalidConfigProfile wrong");
  }
}
