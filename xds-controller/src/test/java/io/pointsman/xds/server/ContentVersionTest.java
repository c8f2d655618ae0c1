package io.pointsman.xds.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ContentVersionTest {
  @Test
  void theVersionIsTheSameInEveryProcess() {
    // SHA-256 of the bytes 0a 01 61, which is how protobuf writes it.
    assertThat(ContentVersion.of(Cluster.newBuilder().setName("a").build()))
        .isEqualTo("23dca2a7429612378554b0bb");
  }

  @Test
  void theOrderInWhichAMapWasFilledDoesNotMatter() {
    var up = Struct.newBuilder();
    var down = Struct.newBuilder();
    var value = Value.newBuilder().setNumberValue(1).build();
    IntStream.range(0, 100).forEach(i -> up.putFields("key" + i, value));
    IntStream.range(0, 100).forEach(i -> down.putFields("key" + (99 - i), value));
    assertThat(ContentVersion.of(up.build())).isEqualTo(ContentVersion.of(down.build()));
  }

  @Test
  void setsAreComparedByNameAndVersion() {
    var one = new LinkedHashMap<String, String>();
    one.put("a", "1");
    one.put("b", "2");
    var two = new LinkedHashMap<String, String>();
    two.put("b", "2");
    two.put("a", "1");
    assertThat(ContentVersion.of(one)).isEqualTo(ContentVersion.of(two));
    assertThat(ContentVersion.of(one)).isNotEqualTo(ContentVersion.of(Map.of("a", "2", "b", "1")));
  }
}
