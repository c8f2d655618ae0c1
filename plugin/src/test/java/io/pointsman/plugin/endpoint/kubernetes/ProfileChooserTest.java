package io.pointsman.plugin.endpoint.kubernetes;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.kubernetes.ProfileChooser.Choice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProfileChooserTest {
  private static final String ONE = locked("one");
  private static final String TWO = locked("two");
  private static final String BAD = "{\"profiles\":{\"p\":{\"routingStrategy\":\"zero\"}}}";

  private final ProfileChooser chooser = chooser();

  private static ProfileChooser chooser() {
    return new ProfileChooser(
        new ModelConfigReader(Set.of("one", "two")::contains), "model.aibrix.ai/config");
  }

  private static String locked(String strategy) {
    return "{\"lockedRoutingStrategy\":\"" + strategy + "\",\"profiles\":{\"default\":{}}}";
  }

  private static PodRecord pod(String uid, int minute, boolean ready, @Nullable String config) {
    String created = "2026-11-21T10:%02d:00Z".formatted(minute);
    return new PodRecord("ns", "pod-" + uid, uid, created, "m", null, ready, config, List.of());
  }

  private Choice choose(PodRecord... pods) {
    return chooser.choose("m", List.of(pods));
  }

  private static @Nullable String strategy(Choice choice) {
    return choice.config().lockedRoutingStrategy();
  }

  @Test
  void theNewestReadyPodsAnnotationHolds() {
    Choice choice = choose(pod("a", 1, true, ONE), pod("b", 2, true, TWO), pod("c", 3, false, ONE));

    assertThat(strategy(choice)).isEqualTo("two");
    assertThat(choice.problem()).isNull();
    assertThat(choice.disagreeing()).isEqualTo(1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4, 5, 6, 7, 8})
  void theOrderInWhichPodsAreSeenDoesNotMatter(int seed) {
    var pods = new ArrayList<PodRecord>();
    for (int i = 0; i < 20; i++) {
      pods.add(pod("uid-" + i, i / 5, i % 3 != 0, i == 19 ? ONE : TWO));
    }
    Collections.shuffle(pods, new Random(seed));

    assertThat(strategy(chooser().choose("m", pods))).as("seed %d", seed).isEqualTo("one");
  }

  @Test
  void ofPodsMadeInTheSameSecondTheUidDecides() {
    assertThat(strategy(choose(pod("a", 1, true, ONE), pod("b", 1, true, TWO)))).isEqualTo("two");
    assertThat(strategy(choose(pod("b", 1, true, ONE), pod("a", 1, true, TWO)))).isEqualTo("one");
  }

  @Test
  void podsWithoutAnnotationHaveNoSay() {
    Choice choice = choose(pod("a", 1, true, ONE), pod("b", 2, true, null));

    assertThat(strategy(choice)).isEqualTo("one");
    assertThat(choice.disagreeing()).isZero();
  }

  @Test
  void anAnnotationThatCannotBeUsedLeavesTheLastGoodOneInForce() {
    choose(pod("a", 1, true, ONE));
    Choice choice = choose(pod("a", 1, true, BAD), pod("old", 0, true, TWO));

    assertThat(strategy(choice)).isEqualTo("one");
    assertThat(choice.problem()).contains("profiles.p.routingStrategy", "zero");
    assertThat(choice.pod()).extracting(PodRecord::uid).isEqualTo("a");
  }

  @Test
  void withoutALastGoodOneTheNextNewestThatCanBeUsedHolds() {
    Choice choice = choose(pod("a", 2, true, BAD), pod("b", 1, true, TWO), pod("c", 0, true, ONE));

    assertThat(strategy(choice)).isEqualTo("two");
    assertThat(choice.problem()).isNotNull();
  }

  @Test
  void withNothingUsableThereAreNoProfiles() {
    assertThat(choose(pod("a", 2, true, "[")).config()).isEqualTo(ModelConfig.NONE);
  }

  @Test
  void anAnnotationTakenAwayIsNoLongerInForce() {
    choose(pod("a", 1, true, ONE));

    assertThat(choose(pod("a", 1, true, null)).config()).isEqualTo(ModelConfig.NONE);
    assertThat(choose(pod("a", 1, true, BAD)).config()).isEqualTo(ModelConfig.NONE);
  }

  @Test
  void whileNoPodIsReadyWhatHeldStays() {
    choose(pod("a", 1, true, ONE));

    assertThat(strategy(choose(pod("a", 1, false, TWO)))).isEqualTo("one");
  }

  @Test
  void whatIsNestedWithoutEndIsRefusedLikeAnythingWrong() {
    Choice choice = choose(pod("a", 1, true, "[".repeat(100_000)));

    assertThat(choice.problem()).isNotNull();
    assertThat(choice.config()).isEqualTo(ModelConfig.NONE);
  }

  @Test
  void aModelThatWentIsForgotten() {
    choose(pod("a", 1, true, ONE));
    chooser.retain(Set.of(), Set.of());

    assertThat(choose(pod("a", 1, true, BAD)).config()).isEqualTo(ModelConfig.NONE);
  }

  @Test
  void forWhichPromptsAPodIsItSaysForItselfAlone() {
    String prompts =
        """
        {"defaultProfile": "p", "profiles": {"p": {"routingConfig":
          {"promptLenBucketMinLength": 10, "promptLenBucketMaxLength": 20, "combined": true}}}}\
        """;

    Profile.Prefill said = chooser.prefill(pod("a", 1, true, prompts));

    assertThat(Disaggregation.DEFAULT.with(said))
        .isEqualTo(new Disaggregation(10, 20, true, null, Disaggregation.BOOTSTRAP_PORT));
    assertThat(chooser.prefill(pod("b", 2, true, ONE))).isEqualTo(Profile.Prefill.NONE);
    assertThat(chooser.prefill(pod("c", 2, true, null))).isEqualTo(Profile.Prefill.NONE);
    assertThat(chooser.prefill(pod("d", 2, true, BAD))).isEqualTo(Profile.Prefill.NONE);
  }
}
