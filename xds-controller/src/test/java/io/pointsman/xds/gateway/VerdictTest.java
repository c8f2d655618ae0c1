package io.pointsman.xds.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.xds.policy.PolicyKind;
import java.util.Map;
import org.junit.jupiter.api.Test;

class VerdictTest {
  private static Verdict verdict(PolicyKind kind, String... ancestors) {
    String status = ancestors.length == 0 ? "{}" : "{ancestors: [%s]}";
    String yaml =
        "---\n{metadata: {generation: 3}, status: %s}"
            .formatted(status.formatted(String.join(", ", ancestors)));
    return Verdict.of(kind, Serialization.unmarshal(yaml, Map.class));
  }

  private static String ancestor(String... conditions) {
    return "{conditions: [%s]}".formatted(String.join(", ", conditions));
  }

  private static String condition(String type, String status, int generation) {
    return "{type: %s, status: '%s', observedGeneration: %d, reason: Because, message: \"some\\n\\n words\"}"
        .formatted(type, status, generation);
  }

  @Test
  void withoutAStatusAPolicyIsNotInForce() {
    Verdict verdict = verdict(PolicyKind.EXTENSION);
    assertThat(verdict.inForce()).isFalse();
    assertThat(verdict.reason()).startsWith("NoStatus: ");
  }

  @Test
  void acceptedForItsGenerationItIs() {
    Verdict verdict = verdict(PolicyKind.EXTENSION, ancestor(condition("Accepted", "True", 3)));
    assertThat(verdict.inForce()).isTrue();
    assertThat(verdict.reason()).isEmpty();
  }

  @Test
  void whatWasSaidOfAnEarlierGenerationDoesNotCount() {
    Verdict verdict = verdict(PolicyKind.EXTENSION, ancestor(condition("Accepted", "True", 2)));
    assertThat(verdict.inForce()).isFalse();
    assertThat(verdict.reason()).isEqualTo("Pending: Envoy Gateway has not seen generation 3 yet");
  }

  @Test
  void aRefusalIsToldWithItsReasonInOneLine() {
    Verdict verdict = verdict(PolicyKind.EXTENSION, ancestor(condition("Accepted", "False", 3)));
    assertThat(verdict.inForce()).isFalse();
    assertThat(verdict.reason()).isEqualTo("Accepted=False Because: some words");
  }

  @Test
  void aPatchMustBeProgrammedToo() {
    String accepted = condition("Accepted", "True", 3);
    assertThat(verdict(PolicyKind.PATCH, ancestor(accepted)).reason())
        .isEqualTo("Programmed: not said yet");
    Verdict wrong =
        verdict(PolicyKind.PATCH, ancestor(accepted, condition("Programmed", "False", 3)));
    assertThat(wrong.accepted()).isTrue();
    assertThat(wrong.inForce()).isFalse();
    assertThat(wrong.reason()).isEqualTo("Programmed=False Because: some words");
    assertThat(
            verdict(PolicyKind.PATCH, ancestor(accepted, condition("Programmed", "True", 3)))
                .inForce())
        .isTrue();
  }

  @Test
  void everythingThatItIsAttachedToMustAccept() {
    Verdict verdict =
        verdict(
            PolicyKind.CLIENT_TRAFFIC,
            ancestor(condition("Accepted", "True", 3)),
            ancestor(condition("Accepted", "False", 3)));
    assertThat(verdict.inForce()).isFalse();
  }

  @Test
  void otherConditionsAreWarnings() {
    Verdict verdict =
        verdict(
            PolicyKind.EXTENSION,
            ancestor(condition("Accepted", "True", 3), condition("Warning", "True", 3)));
    assertThat(verdict.inForce()).isTrue();
    assertThat(verdict.warnings()).containsExactly("Warning=True Because: some words");
  }
}
