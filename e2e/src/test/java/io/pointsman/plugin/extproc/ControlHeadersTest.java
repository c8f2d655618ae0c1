package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.xds.snapshot.ControlHeaders;
import org.junit.jupiter.api.Test;

/** The two programs share no code for it, so this holds them together. */
class ControlHeadersTest {
  @Test
  void envoyRemovesWhatThePluginRemoves() {
    assertThat(ControlHeaders.PLUGIN).containsExactlyInAnyOrderElementsOf(HeaderRules.REMOVED);
  }
}
