package io.pointsman.xds.settings;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ExampleFileTest {
  @Test
  void itHoldsTheDefaults() throws ConfigException {
    assertThat(Settings.parse("example", ExampleFile.text())).isEqualTo(Settings.defaults());
  }

  @Test
  void itHasEveryKeyInTheOrderOfTheModel() throws ConfigException {
    var paths = new ArrayList<String>();
    collect(YamlNode.parse("example", ExampleFile.text()).map(), paths);
    assertThat(paths).containsExactlyElementsOf(Leaves.of(Settings.defaults()).keySet());
  }

  private static void collect(YamlMap map, List<String> paths) throws ConfigException {
    for (String key : map.keys()) {
      YamlNode value = map.required(key);
      if (value.isMap() && !value.map().keys().isEmpty()) {
        collect(value.map(), paths);
      } else {
        paths.add(value.path());
      }
    }
  }
}
