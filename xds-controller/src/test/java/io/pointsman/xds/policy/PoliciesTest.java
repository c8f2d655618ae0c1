package io.pointsman.xds.policy;

import static org.assertj.core.api.Assertions.as;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;
import static org.assertj.core.api.InstanceOfAssertFactories.list;

import io.pointsman.common.ConfigException;
import io.pointsman.xds.settings.Settings;
import io.pointsman.xds.snapshot.ControlHeaders;
import io.pointsman.xds.snapshot.EnvoyAnswer;
import io.pointsman.xds.snapshot.SettingChanges;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class PoliciesTest {
  static Stream<Arguments> changes() {
    return PolicyChanges.ALL.stream();
  }

  static Stream<Arguments> changesByOverride() {
    return PolicyChanges.BY_OVERRIDE.stream();
  }

  private static List<Policy> policies(String text) throws ConfigException {
    return Policies.from(Settings.parse("s.yaml", text));
  }

  private static String document(String path, String value) {
    String[] names = path.split("\\.", -1);
    return String.join(": {", names) + ": " + value + "}".repeat(names.length - 1);
  }

  @ParameterizedTest
  @MethodSource("changes")
  void eachSettingChangesItsFieldsAndNoOthers(String key, String value, List<String> changes)
      throws ConfigException {
    Map<String, String> difference =
        FlatPolicies.difference(policies("{}"), policies(document(key, value)));

    assertThat(shortened(difference)).isEqualTo(expected(changes));
  }

  @ParameterizedTest
  @MethodSource("changesByOverride")
  void withEndpointOverrideTheSameSettingsAreFieldsOfABackendTrafficPolicy(
      String key, String value, List<String> changes) throws ConfigException {
    String override = "gateway: {destination: endpointOverride}";

    assertThat(
            FlatPolicies.difference(
                policies(override), policies(override + "\n" + document(key, value))))
        .isEqualTo(expected(changes));
  }

  /** Both tables change the same settings to the same values, so that they can be read together. */
  @Test
  void theTableHasTheRowsOfThatOfXds() {
    assertThat(PolicyChanges.ALL.stream().map(row -> row.get()[0] + ": " + row.get()[1]))
        .containsExactlyElementsOf(
            SettingChanges.ALL.stream().map(row -> row.get()[0] + ": " + row.get()[1]).toList());
  }

  @Test
  void theyComeInTheOrderInWhichTheyAreSafe() throws ConfigException {
    assertThat(policies("{}").stream().map(policy -> policy.id().toString()))
        .containsExactly(
            "ClientTrafficPolicy default/pointsman",
            "BackendTrafficPolicy default/pointsman",
            "EnvoyExtensionPolicy default/pointsman",
            "EnvoyPatchPolicy default/pointsman");
    assertThat(policies("gateway: {destination: endpointOverride}"))
        .extracting(policy -> policy.id().toString())
        .containsExactly(
            "ClientTrafficPolicy default/pointsman",
            "BackendTrafficPolicy default/pointsman",
            "BackendTrafficPolicy default/pointsman-pods",
            "EnvoyExtensionPolicy default/pointsman");
  }

  /** Pods' answers are not local, and the plugin's are JSON and never 507 or 500. */
  @Test
  void withEndpointOverrideEnvoysOwnAnswersAreBroughtIntoTheFormOfThePluginsAndNobodyElses()
      throws ConfigException {
    String text = ".match.responseHeaders[0].value.value";
    Map<String, String> flat =
        FlatPolicies.of(policies("gateway: {destination: endpointOverride}"));
    flat.keySet().removeIf(path -> !path.contains("(pods).responseOverride"));
    String override = "BackendTrafficPolicy(pods).responseOverride";

    for (int i = 0; i < 4; i++) {
      assertThat(flat)
          .containsEntry(override + "[" + i + "].source", "Local")
          .containsEntry(override + "[" + i + "].response.contentType", "application/json");
    }
    assertThat(flat)
        .containsEntry(override + "[0].match.statusCodes[0].value", "507")
        .containsEntry(override + "[0].match.statusCodes[1].value", "500")
        .containsEntry(override + "[0].response.statusCode", "503")
        .containsEntry(override + "[0].response.body.inline", EnvoyAnswer.ROUTER_AWAY.body())
        .containsEntry(override + "[0].response.header.set[0].value", "1")
        .containsEntry(override + "[1]" + text, "text/plain")
        .containsEntry(override + "[1].match.statusCodes[0].value", "503")
        .containsEntry(override + "[1].match.statusCodes[1].value", "502")
        .containsEntry(override + "[1].response.statusCode", "503")
        .containsEntry(override + "[1].response.body.inline", EnvoyAnswer.ENDPOINT_AWAY.body())
        .containsEntry(override + "[1].response.header.set[0].value", "1")
        .containsEntry(override + "[2]" + text, "text/plain")
        .containsEntry(override + "[2].match.statusCodes[0].value", "504")
        .containsEntry(override + "[2].response.body.inline", EnvoyAnswer.TIMED_OUT.body())
        .containsEntry(override + "[3]" + text, "text/plain")
        .containsEntry(override + "[3].match.statusCodes[0].value", "413")
        .containsEntry(override + "[3].response.body.inline", EnvoyAnswer.TOO_LARGE.body())
        .containsEntry(override + "[3].response.header.set[0].value", "true")
        .doesNotContainKey(override + "[4].source");
  }

  @Test
  void clientsCannotSetWhatOnlyThePluginMay() throws ConfigException {
    for (String destination : List.of("originalDst", "endpointOverride")) {
      Map<String, String> flat =
          FlatPolicies.of(policies("gateway: {destination: %s}".formatted(destination)));
      flat.keySet()
          .removeIf(
              path -> !path.startsWith("ClientTrafficPolicy.headers.earlyRequestHeaders.remove"));
      assertThat(flat.values())
          .containsAll(ControlHeaders.PLUGIN)
          .containsAll(ControlHeaders.ROUTER);
    }
  }

  @Test
  void thePatchReachesEveryListenerVirtualHostAndConnectionManager() throws ConfigException {
    Map<String, String> flat = FlatPolicies.of(policies("gateway: {listeners: [http]}"));
    String filter = "envoy.filters.http.ext_proc/envoyextensionpolicy/default/pointsman/extproc/0";
    assertThat(flat)
        .containsEntry("patch[Route].jsonPath", "$.virtual_hosts[*].routes")
        .containsEntry("patch[Route].path", "0")
        .containsEntry("patch[Route].value.match.headers[0].name", "target-pod")
        .containsEntry("patch[Route].value.route.cluster", "pointsman_pods")
        .containsEntry(
            "patch[Route].value.typed_per_filter_config.ext_proc/default/pointsman/extproc/0.config",
            "{}")
        .containsEntry(
            "patch[Listener local_reply_config].jsonPath",
            "$..filters[?(@.name=='envoy.filters.network.http_connection_manager')].typed_config")
        .containsEntry(
            "patch[Listener max_message_timeout].jsonPath",
            "$..http_filters[?(@.name=='" + filter + "')].typed_config");
    assertThat(policies("gateway: {listeners: [a, b], name: g, namespace: n}").get(3).spec())
        .extracting("jsonPatches", as(list(Map.class)))
        .extracting(patch -> patch.get("name"))
        .contains("n/g/a", "n/g/b");
  }

  @Test
  void onAGatewayThatOthersUseTooPoliciesKeepToTheirListenersAndRoutes() throws ConfigException {
    String shared = "gateway: {shared: true, listeners: [a, b], plainHttpRoutes: [models]}";
    Map<String, String> flat = FlatPolicies.of(policies(shared));
    assertThat(flat)
        .containsEntry("ClientTrafficPolicy.targetRefs[0].sectionName", "a")
        .containsEntry("ClientTrafficPolicy.targetRefs[1].sectionName", "b")
        .containsEntry("BackendTrafficPolicy.targetRefs[0].kind", "HTTPRoute")
        .containsEntry("BackendTrafficPolicy.targetRefs[0].name", "models")
        .doesNotContainKey("patch[Listener local_reply_config].path");
  }

  @Test
  void whoKeepsThemIsALabelThatSettingsCannotTakeAway() throws ConfigException {
    assertThat(policies("gateway: {labels: {app.kubernetes.io/managed-by: Helm}}"))
        .allSatisfy(
            policy ->
                assertThat(policy.labels())
                    .containsOnly(
                        entry("app.kubernetes.io/managed-by", "pointsman-xds-controller")));
  }

  private static Map<String, String> expected(List<String> changes) {
    var expected = new TreeMap<String, String>();
    for (String change : changes) {
      if (!change.equals("same")) {
        expected.put(
            change.substring(0, change.indexOf('=')), change.substring(change.indexOf('=') + 1));
      }
    }
    return expected;
  }

  /** The rewriting of Envoy's own 413 answer as one line: it is there, gone or at another place. */
  private static Map<String, String> shortened(Map<String, String> difference) {
    String replies = "patch[Listener local_reply_config]";
    var shortened = new TreeMap<String, String>();
    difference.forEach(
        (path, value) -> {
          if (!path.startsWith(replies + ".value.mappers[")) {
            shortened.put(path, value);
          } else if (path.endsWith("default_value")) {
            shortened.put(replies + "[413]", value.equals("(none)") ? "(none)" : "(moved)");
          }
        });
    return shortened;
  }
}
