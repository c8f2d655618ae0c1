package io.pointsman.plugin.endpoint;

import java.util.List;

/**
 * Everything a discovery knows at one moment, whole: what is not in it is gone.
 *
 * @param models in a stable order, names unique
 */
public record Topology(List<ModelSpec> models) {
  public Topology {
    models = List.copyOf(models);
  }
}
