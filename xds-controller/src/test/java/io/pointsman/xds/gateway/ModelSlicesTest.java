package io.pointsman.xds.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ModelSlicesTest {
  private static Pod pod(String uid, String ip, String meta, String spec) {
    return Serialization.unmarshal(
        """
        ---
        apiVersion: v1
        kind: Pod
        metadata: {name: p%s, namespace: models, uid: '%s', %s}
        spec: {containers: [{name: c, %s}]}
        status: {podIP: '%s', phase: Running}
        """
            .formatted(uid, uid, meta, spec, ip),
        Pod.class);
  }

  private static Map<String, List<String>> slices(Pod... pods) throws ConfigException {
    var settings =
        Settings.parse("s.yaml", "gateway: {namespace: gw, modelPods: {service: models}}");
    var slices = new java.util.TreeMap<String, List<String>>();
    ModelSlices.from(settings.gateway(), List.of(pods))
        .forEach(
            (name, slice) ->
                slices.put(
                    name,
                    slice.getEndpoints().stream().map(e -> e.getAddresses().get(0)).toList()));
    return slices;
  }

  @Test
  void eachPortAndKindOfAddressHasItsSlice() throws ConfigException {
    assertThat(
            slices(
                pod("2", "10.0.0.2", "labels: {}", "env: []"),
                pod("1", "10.0.0.1", "labels: {model.aibrix.ai/port: '8000'}", "env: []"),
                pod("3", "10.0.0.3", "annotations: {model.aibrix.ai/port: '9000'}", "env: []"),
                pod("4", "fd00::4", "labels: {}", "env: []")))
        .isEqualTo(
            Map.of(
                "models-ipv4-8000-0", List.of("10.0.0.1", "10.0.0.2"),
                "models-ipv4-9000-0", List.of("10.0.0.3"),
                "models-ipv6-8000-0", List.of("fd00::4")));
  }

  @Test
  void aPodOfSeveralRanksHasAPortForEach() throws ConfigException {
    assertThat(
            slices(
                pod(
                    "1",
                    "10.0.0.1",
                    "labels: {}",
                    "env: [{name: data-parallel-size, value: '2'}]")))
        .containsOnlyKeys("models-ipv4-8000-0", "models-ipv4-8001-0");
  }

  @Test
  void whatServesNobodyIsNoEndpoint() throws ConfigException {
    assertThat(
            slices(
                pod("1", "", "labels: {}", "env: []"),
                pod("2", "10.0.0.2", "labels: {ray.io/node-type: worker}", "env: []"),
                pod("3", "10.0.0.3", "labels: {model.aibrix.ai/port: none}", "env: []")))
        .isEmpty();
  }

  @Test
  void aSliceHoldsNoMoreThanTheApiServerTakes() throws ConfigException {
    var pods = new ArrayList<Pod>();
    for (int i = 0; i < 1001; i++) {
      pods.add(
          pod(
              "%04d".formatted(i),
              "10.0.%d.%d".formatted(i / 200, i % 200),
              "labels: {}",
              "env: []"));
    }
    assertThat(slices(pods.toArray(new Pod[0])))
        .hasEntrySatisfying("models-ipv4-8000-0", slice -> assertThat(slice).hasSize(1000))
        .hasEntrySatisfying("models-ipv4-8000-1", slice -> assertThat(slice).hasSize(1));
  }
}
