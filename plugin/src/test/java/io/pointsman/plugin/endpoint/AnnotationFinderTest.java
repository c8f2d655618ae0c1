package io.pointsman.plugin.endpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.AnnotationFinder.Found;
import java.util.List;
import org.junit.jupiter.api.Test;

class AnnotationFinderTest {
  private static List<Found> find(String text) throws ConfigException {
    return AnnotationFinder.find("f", text);
  }

  @Test
  void theContentOfAnAnnotationIsTakenWhole() throws Exception {
    String json = "{\"profiles\":\n\t{\"p\": {}}}";
    assertThat(find(json)).containsExactly(new Found(1, json));
  }

  @Test
  void aPodsAnnotationIsFoundWithItsLine() throws Exception {
    assertThat(
            find(
                """
                apiVersion: v1
                kind: Pod
                metadata:
                  annotations:
                    other: "{}"
                    model.aibrix.ai/config: |
                      {"profiles": {
                        "p": {}}}
                """))
        .containsExactly(new Found(7, "{\"profiles\": {\n  \"p\": {}}}\n"));
  }

  @Test
  void templatesAndSeveralDocumentsAreSearched() throws Exception {
    assertThat(
            find(
                """
                apiVersion: v1
                kind: Service
                ---
                apiVersion: apps/v1
                kind: Deployment
                spec:
                  template:
                    metadata:
                      annotations: {model.aibrix.ai/config: '{"profiles": {}}'}
                ---
                kind: List
                items:
                - kind: Pod
                  metadata:
                    annotations:
                      model.aibrix.ai/config: "{}"
                """))
        .containsExactly(new Found(9, "{\"profiles\": {}}"), new Found(16, "{}"));
  }

  @Test
  void anAnnotationThatNoPodGetsIsRefused() {
    assertThatThrownBy(
            () ->
                find(
                    """
                    kind: List
                    items:
                    - kind: Deployment
                      metadata:
                        annotations:
                          model.aibrix.ai/config: '{"profiles": {}}'
                    """))
        .isInstanceOf(ConfigException.class)
        .hasMessage(
            "f:6: items[0].metadata.annotations.model.aibrix.ai/config: no pod gets it from a"
                + " Deployment: it belongs into the pod template");
  }

  @Test
  void aDocumentThatIsNoManifestMayStandBesideOnesThatAre() throws Exception {
    assertThat(
            find(
                """
                values: of something
                ---
                kind: Pod
                metadata: {annotations: {model.aibrix.ai/config: '{}'}}
                """))
        .containsExactly(new Found(4, "{}"));
  }

  @Test
  void aManifestInJsonWithTabsIsSearchedToo() throws Exception {
    assertThat(
            find(
                "{\"kind\": \"Pod\",\n\t\"metadata\": {\"annotations\":\n"
                    + "\t{\"model.aibrix.ai/config\": \"{\\\"profiles\\\": {}}\"}}}"))
        .containsExactly(new Found(3, "{\"profiles\": {}}"));
  }

  @Test
  void aManifestWithoutTheAnnotationHasNothing() throws Exception {
    assertThat(find("kind: Pod\nmetadata: {annotations: {a: b}}\n---\n")).isEmpty();
  }

  @Test
  void anAnnotationThatIsNoStringIsRefused() {
    assertThatThrownBy(
            () -> find("kind: Pod\nmetadata:\n  annotations:\n    model.aibrix.ai/config: {a: 1}"))
        .isInstanceOf(ConfigException.class)
        .hasMessageStartingWith("f:4: metadata.annotations.model.aibrix.ai/config: expected a");
  }

  @Test
  void aDocumentThatContainsItselfIsRefused() {
    assertThatThrownBy(() -> find("kind: Pod\nmetadata: &m\n  self: *m\n"))
        .isInstanceOf(ConfigException.class);
  }
}
