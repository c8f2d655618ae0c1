package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.parallel.ResourceLock;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * {@code helm upgrade --reuse-values} renders with the values of the installed version alone: keys
 * that came later are missing. Here a key is taken away by null, which does the same.
 */
@ResourceLock(ApiServer.LOCK)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReuseValuesTest {
  private static final String OLDER = "valuesVersion: 0.0.9";

  /** What older values make that lack nothing. */
  private Map<String, Object> complete = Map.of();

  @BeforeAll
  void keepTheMasterKey() {
    ApiServer.clear();
    ApiServer.put(Chart.render().object("Secret/rel-master-key"));
    complete = Chart.renderAnew(OLDER).all();
  }

  static Iterable<String> parts() {
    return Yaml.document(Chart.file("values.yaml")).keySet().stream()
        .filter(key -> !key.equals("valuesVersion"))
        .toList();
  }

  @ParameterizedTest
  @MethodSource("parts")
  void valuesOfAnOlderVersionGetTheDefaultsOfWhatTheyLack(String part) {
    var without = new LinkedHashMap<String, Object>();
    without.put(part, null);

    assertThat(Chart.renderAnew(OLDER, Yaml.write(without)).all()).isEqualTo(complete);
  }

  @Test
  void soDoOlderValuesThatLackKeysInEveryMap() {
    Map<String, Object> without = lastKeysTakenAway(Yaml.document(Chart.file("values.yaml")));
    without.put("valuesVersion", "0.0.9");

    assertThat(Chart.renderAnew(Yaml.write(without)).all()).isEqualTo(complete);
  }

  private static Map<String, Object> lastKeysTakenAway(Map<String, Object> values) {
    var without = new LinkedHashMap<String, Object>();
    values.forEach(
        (key, value) ->
            without.put(
                key,
                value instanceof Map && !Yaml.map(value).isEmpty()
                    ? lastKeysTakenAway(Yaml.map(value))
                    : null));
    return without;
  }

  @Test
  void whatOlderValuesSaySoStays() {
    Rendered rendered =
        Chart.renderAnew(OLDER, "{autoscaling: null, networkPolicy: {enabled: false}}");

    assertThat(rendered.names()).noneMatch(name -> name.startsWith("NetworkPolicy/"));
  }

  @Test
  void aKeyOfTheSameVersionThatIsTakenAwayStaysAway() {
    Rendered rendered = Chart.renderAnew("gatewayPlugin: {podSecurityContext: {runAsUser: null}}");

    assertThat(rendered.all("Deployment/rel-gateway-plugin"))
        .doesNotContainKey("spec.template.spec.securityContext.runAsUser")
        .containsKey("spec.template.spec.securityContext.runAsGroup");
  }
}
