package io.pointsman.xds.policy;

import io.pointsman.xds.settings.Gateway;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** What policies are attached to. */
final class Targets {
  private static final String GROUP = "gateway.networking.k8s.io";

  private Targets() {}

  static Map<String, Object> gateway(Gateway gateway) {
    return Tree.of("group", GROUP, "kind", "Gateway", "name", gateway.name());
  }

  static List<Map<String, Object>> listeners(Gateway gateway) {
    var targets = new ArrayList<Map<String, Object>>();
    for (String listener : gateway.listeners()) {
      Map<String, Object> target = gateway(gateway);
      target.put("sectionName", listener);
      targets.add(target);
    }
    return targets;
  }

  static List<Map<String, Object>> routes(List<String> names) {
    var targets = new ArrayList<Map<String, Object>>();
    for (String name : names) {
      targets.add(Tree.of("group", GROUP, "kind", "HTTPRoute", "name", name));
    }
    return targets;
  }
}
