package io.pointsman.chart;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** Which pods are taken by which Services, budgets, controllers and NetworkPolicies. */
class SelectorsTest {
  private static final String COMPONENT = "app.kubernetes.io/component";

  /** Everything that selects pods is on. */
  private static final Rendered RENDERED =
      Chart.render(
          Chart.file("ci/ha-values.yaml"),
          "xdsController: {topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone,"
              + " whenUnsatisfiable: ScheduleAnyway}]}");

  /** Labels of each workload's pods, by the workload. */
  private static Map<String, Map<String, Object>> pods() {
    var pods = new LinkedHashMap<String, Map<String, Object>>();
    RENDERED
        .objects()
        .forEach(
            (name, object) -> {
              if (name.startsWith("Pod/")) {
                pods.put(name, labels(object));
              } else if (at(object, "spec", "template", "spec") != null) {
                pods.put(name, labels(Yaml.map(at(object, "spec", "template"))));
              }
            });
    return pods;
  }

  private static Map<String, Object> labels(Map<String, Object> object) {
    return Yaml.map(at(object, "metadata", "labels"));
  }

  private static @Nullable Object at(Map<String, Object> object, String... path) {
    Object value = object;
    for (String key : path) {
      value = value instanceof Map ? Yaml.map(value).get(key) : null;
    }
    return value;
  }

  private static void collectSelectors(Object value, List<Map<String, Object>> into) {
    if (value instanceof List) {
      Yaml.list(value).forEach(item -> collectSelectors(item, into));
    } else if (value instanceof Map) {
      Yaml.map(value)
          .forEach(
              (key, inner) -> {
                boolean selector = key.equals("matchLabels") || key.equals("selector");
                if (selector && inner instanceof Map && Yaml.map(inner).containsKey(COMPONENT)) {
                  into.add(Yaml.map(inner));
                } else {
                  collectSelectors(inner, into);
                }
              });
    }
  }

  private static boolean matches(Map<String, Object> selector, Map<String, Object> labels) {
    return labels.entrySet().containsAll(selector.entrySet());
  }

  /** A pod of a Job behind the controller's Service would count as one of the controller's. */
  @Test
  void theWorkloadsHaveNoPodInCommon() {
    Map<String, Map<String, Object>> pods = pods();
    var selectors = new ArrayList<Map<String, Object>>();
    RENDERED.objects().values().forEach(object -> collectSelectors(object, selectors));

    assertThat(pods)
        .containsOnlyKeys(
            "Deployment/rel-gateway-plugin",
            "Deployment/rel-xds-controller",
            "StatefulSet/rel-redis-master",
            "Job/rel-delete-policies",
            "Pod/rel-test");
    assertThat(selectors).hasSizeGreaterThan(10);
    assertThat(selectors)
        .allSatisfy(
            selector ->
                assertThat(pods.values().stream().filter(labels -> matches(selector, labels)))
                    .as("%s", selector)
                    .hasSize(1));
  }

  @Test
  void eachPodButTheTestsHasANetworkPolicyOfItsOwn() {
    var policed = new TreeSet<String>();
    pods()
        .forEach(
            (workload, labels) ->
                RENDERED
                    .objects()
                    .forEach(
                        (name, object) -> {
                          Object selector = at(object, "spec", "podSelector", "matchLabels");
                          if (selector != null && matches(Yaml.map(selector), labels)) {
                            policed.add(workload + " by " + name);
                          }
                        }));

    assertThat(policed)
        .containsExactly(
            "Deployment/rel-gateway-plugin by NetworkPolicy/rel-gateway-plugin",
            "Deployment/rel-xds-controller by NetworkPolicy/rel-xds-controller",
            "Job/rel-delete-policies by NetworkPolicy/rel-delete-policies",
            "StatefulSet/rel-redis-master by NetworkPolicy/rel-redis-master");
  }

  @Test
  void theJobThatDeletesPoliciesReachesTheApiServerAsTheControllerDoes() {
    assertThat(RENDERED.object("NetworkPolicy/rel-delete-policies"))
        .extracting(policy -> at(policy, "spec", "egress"))
        .isEqualTo(at(RENDERED.object("NetworkPolicy/rel-xds-controller"), "spec", "egress"))
        .asString()
        .contains("port=443", "port=53");
  }
}
