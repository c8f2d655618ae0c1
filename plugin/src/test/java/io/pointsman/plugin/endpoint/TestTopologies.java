package io.pointsman.plugin.endpoint;

import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Short ways to write topologies in tests. */
public final class TestTopologies {
  private TestTopologies() {}

  /** One model with endpoints 10.0.x.y:8000, all ready. */
  public static Topology model(String name, int endpoints) {
    return model(name, ModelConfig.NONE, endpoints);
  }

  /** One model with config profiles and endpoints 10.0.x.y:8000, all ready. */
  public static Topology model(String name, ModelConfig config, int endpoints) {
    List<EndpointSpec> specs = new ArrayList<>();
    for (int i = 0; i < endpoints; i++) {
      specs.add(endpoint(i, true));
    }
    return new Topology(List.of(new ModelSpec(name, "vllm", specs, config)));
  }

  /** One model with the given endpoints. */
  public static Topology model(String name, EndpointSpec... endpoints) {
    return new Topology(List.of(new ModelSpec(name, "vllm", List.of(endpoints), ModelConfig.NONE)));
  }

  /** The {@code i}th endpoint of a model, ready and with a label. */
  public static EndpointSpec labelled(int i, String key, String value) {
    EndpointSpec plain = endpoint(i, true);
    return new EndpointSpec(
        plain.key(),
        plain.name(),
        plain.address(),
        true,
        null,
        Role.COMBINED,
        Map.of(key, value),
        "",
        List.of());
  }

  /** The {@code i}th endpoint of a model. */
  public static EndpointSpec endpoint(int i, boolean ready) {
    String host = "10.0." + i / 250 + "." + (i % 250 + 1);
    String address = host + ":8000";
    return new EndpointSpec(
        new EndpointKey(host, 8000), "pod-" + i, address, ready, null, Role.COMBINED);
  }
}
