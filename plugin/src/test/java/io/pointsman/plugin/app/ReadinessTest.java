package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.app.Readiness.Condition;
import org.junit.jupiter.api.Test;

class ReadinessTest {
  private final Readiness readiness = new Readiness();

  @Test
  void readyOnceEveryConditionIsMet_inAnyOrder() {
    assertThat(readiness.reasons())
        .containsExactly(
            "starting",
            "no word from discovery yet",
            "warming up",
            "reading back what other replicas know");

    readiness.meet(Condition.WARM);
    readiness.meet(Condition.RECOVERED);
    readiness.meet(Condition.LISTENING);
    assertThat(readiness.reasons()).containsExactly("no word from discovery yet");

    readiness.meet(Condition.DISCOVERED);
    readiness.meet(Condition.DISCOVERED);
    assertThat(readiness.reasons()).isEmpty();
  }

  @Test
  void drainingIsForGood() {
    readiness.drain();
    for (Condition condition : Condition.values()) {
      readiness.meet(condition);
    }

    assertThat(readiness.reasons()).containsExactly("draining");
  }
}
