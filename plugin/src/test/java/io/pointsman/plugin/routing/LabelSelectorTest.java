package io.pointsman.plugin.routing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class LabelSelectorTest {
  private static final Map<String, String> LABELS =
      Map.of("zone", "eu-1", "example.com/tier", "gold", "empty", "", "gpus", "8");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "zone=eu-1 | true",
        "zone==eu-1 | true",
        "zone = eu-2 | false",
        "zone!=eu-2 | true",
        "zone!=eu-1 | false",
        "color!=red | true",
        "zone | true",
        "!zone | false",
        "!color | true",
        "color | false",
        "zone in (eu-1, eu-2) | true",
        "zone in (eu-3) | false",
        "zone notin (eu-1,eu-2) | false",
        "zone notin (eu-3) | true",
        "color notin (red) | true",
        "zone\tin\t(eu-1) | true",
        "zone in(eu-1) | true",
        "empty in (,a) | true",
        "gpus>4 | true",
        "gpus > 8 | false",
        "gpus<9,zone | true",
        "gpus < 8 | false",
        "zone>4 | false",
        "color<4 | false",
        "empty= | true",
        "zone=eu-1,example.com/tier=gold | true",
        "zone in (eu-1,eu-2),example.com/tier in (silver) | false",
        "zone,!color,example.com/tier!=silver | true",
      })
  void whatKubernetesSelectsIsSelected(String selector, boolean matches) {
    assertThat(LabelSelector.parse(selector).matches(LABELS)).isEqualTo(matches);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "zone=a,",
        "=a",
        "!=a",
        "zone!==a",
        "zone=a=b",
        "zone in",
        "zone in (a",
        "zone in a)",
        "zone within (a)",
        "zone in (a b)",
        "a b",
        "!",
        "zone=(a)",
        "zone in ()",
        "zone in ( )",
        "gpus>",
        "gpus>four",
        "gpus>-1",
        "gpus>=4",
        ">4",
        "-zone!=a",
        "zone!=a-",
        "a/b/c!=d",
        "/zone",
        "Example.com/zone",
        "zone!=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "zone=ä"
      })
  void whatIsNoSelectorIsRefused(String selector) {
    assertThatThrownBy(() -> LabelSelector.parse(selector))
        .isInstanceOf(IllegalArgumentException.class);
  }
}
