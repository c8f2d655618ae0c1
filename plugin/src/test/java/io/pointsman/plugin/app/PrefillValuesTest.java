package io.pointsman.plugin.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.plugin.prefill.PrefillSettings;
import io.pointsman.plugin.routing.PdRules;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrefillValuesTest {
  @Test
  void nothingSetIsTheDefaults() {
    var values = new SettingValues(Map.of(), Map.of());

    assertThat(PrefillValues.rules(values, PrefillSettings.DEFAULTS)).isEqualTo(PdRules.DEFAULTS);
    PrefillSettings read = PrefillValues.read(values);
    assertThat(read)
        .usingRecursiveComparison()
        .ignoringFields("messageTimeout")
        .isEqualTo(PrefillSettings.DEFAULTS);
    assertThat(read.messageTimeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(values.errors()).isEmpty();
  }

  @Test
  void aDeadlineThatEnvoyWouldNotWaitForIsRefused() {
    assertThat(errors(Setting.PREFILL_DEADLINE, "60s", Setting.MESSAGE_TIMEOUT, "60s"))
        .containsExactly(
            "--prefill-deadline: must be below --message-timeout, which is 1m: Envoy would give up"
                + " first");
    assertThat(errors(Setting.MESSAGE_TIMEOUT, "5s", Setting.MAX_MESSAGE_TIMEOUT, "30s"))
        .containsExactly(
            "--prefill-deadline: must be below --max-message-timeout, which is 30s: Envoy would"
                + " give up first");
    assertThat(errors(Setting.MESSAGE_TIMEOUT, "5s", Setting.MAX_MESSAGE_TIMEOUT, "31s")).isEmpty();
  }

  @Test
  void envoyIsAskedForTimeOnlyWhereItSaysHowMuch() {
    var values =
        new SettingValues(
            Map.of(Setting.MESSAGE_TIMEOUT, "5s", Setting.MAX_MESSAGE_TIMEOUT, "2m"), Map.of());

    assertThat(PrefillValues.read(values).messageTimeout()).isEqualTo(Duration.ofMinutes(2));
  }

  @Test
  void headersThatBelongToOneConnectionAreNotPassedOn() {
    assertThat(errors(Setting.PREFILL_HEADERS, "a,Content-Length"))
        .containsExactly("--prefill-headers: cannot be passed on: content-length");
    assertThat(errors(Setting.PREFILL_HEADERS, ":path"))
        .containsExactly("--prefill-headers: cannot be passed on: :path");
    var values = new SettingValues(Map.of(Setting.PREFILL_HEADERS, "Authorization, b3"), Map.of());
    assertThat(PrefillValues.read(values).passedHeaders()).containsExactly("authorization", "b3");
  }

  @Test
  void theReferencesBareSecondsAreUnderstood() {
    var values = new SettingValues(Map.of(), Map.of("AIBRIX_PREFILL_REQUEST_TIMEOUT", "60"));

    assertThat(PrefillValues.read(values).callTimeout()).isEqualTo(Duration.ofMinutes(1));
  }

  private static List<String> errors(Setting setting, String value) {
    return errors(Map.of(setting, value));
  }

  private static List<String> errors(Setting one, String first, Setting other, String second) {
    return errors(Map.of(one, first, other, second));
  }

  private static List<String> errors(Map<Setting, String> flags) {
    var values = new SettingValues(flags, Map.of());
    PrefillValues.read(values);
    return values.errors();
  }
}
