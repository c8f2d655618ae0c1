package io.pointsman.xds.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.fabric8.kubernetes.client.utils.Serialization;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
  private static Map<?, ?> yaml(String text) {
    return Serialization.unmarshal("---\n" + text, Map.class);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{a: 1, b: {c: x}} | {a: 1, b: {c: x}} | true",
        "{a: 1, b: {c: x, filled: in}} | {a: 1, b: {c: x}} | true",
        "{a: 2} | {a: 1} | false",
        "{b: 1} | {a: 1} | false",
        "{a: 4294967295} | {a: 4294967295} | true",
        "{a: '1'} | {a: 1} | true",
        "{a: [{b: 1, c: 2}]} | {a: [{b: 1}]} | true",
        "{a: [{b: 1}, {b: 2}]} | {a: [{b: 1}]} | false",
        "{a: [{b: 2}, {b: 1}]} | {a: [{b: 1}, {b: 2}]} | false",
        "{a: [x, y, z]} | {a: [z, x]} | true",
        "{a: [x]} | {a: [x, y]} | false",
        "{a: x} | {a: {b: 1}} | false",
        "{a: {}} | {a: {}} | true",
      })
  void whatIsThereCoversWhatShouldBe(String live, String desired, boolean covers) {
    assertThat(Manifest.covers(yaml(live), yaml(desired))).isEqualTo(covers);
  }

  @Test
  void fieldsOfOthersAreNamedByTheirManagers() {
    Map<?, ?> live =
        yaml(
            """
            metadata:
              managedFields:
              - manager: pointsman-xds-controller
                fieldsV1: {f:spec: {f:http2: {f:maxConcurrentStreams: {}}}}
              - manager: kubectl-edit
                fieldsV1:
                  f:metadata: {f:annotations: {f:note: {}}}
                  f:spec:
                    f:connection: {f:bufferLimit: {}}
                    f:headers: {f:earlyRequestHeaders: {f:remove: {'v:"x-mine"': {}}}}
              - manager: envoy-gateway
                subresource: status
                fieldsV1: {f:status: {f:ancestors: {}}}
            """);
    assertThat(ForeignFields.of(live))
        .containsOnly(
            entry(
                "kubectl-edit",
                new TreeSet<>(
                    java.util.List.of(
                        "connection.bufferLimit",
                        "headers.earlyRequestHeaders.remove[\"x-mine\"]"))));
  }
}
