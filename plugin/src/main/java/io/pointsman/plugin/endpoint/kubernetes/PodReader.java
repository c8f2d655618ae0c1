package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads what matters of a pod. Immutable. */
final class PodReader {
  private static final int DEFAULT_PORT = 8000;

  /** More ranks than any machine has accelerators: a larger number is a slip. */
  private static final int MAX_RANKS = 256;

  private final PodKeys keys;
  private final UnaryOperator<String> shared;

  /**
   * @param shared gives one object for equal texts, for values that many pods have in common
   */
  PodReader(PodKeys keys, UnaryOperator<String> shared) {
    this.keys = keys;
    this.shared = shared;
  }

  /** The record of a pod, or null if it names no model. */
  @Nullable PodRecord read(Pod pod) {
    ObjectMeta meta = pod.getMetadata();
    String model = value(meta, keys.model());
    if (model == null) {
      return null;
    }
    model = shared.apply(model);
    boolean ready = isRoutable(pod, model);
    String engine = value(meta, keys.engine());
    String config = entry(meta.getAnnotations(), keys.config());
    return new PodRecord(
        shared.apply(meta.getNamespace()),
        meta.getName(),
        meta.getUid(),
        meta.getCreationTimestamp() == null ? "" : meta.getCreationTimestamp(),
        model,
        engine == null ? null : shared.apply(engine.toLowerCase(Locale.ROOT)),
        ready,
        config == null ? null : shared.apply(config),
        endpoints(pod, ready));
  }

  private List<EndpointSpec> endpoints(Pod pod, boolean ready) {
    ObjectMeta meta = pod.getMetadata();
    String ip = ip(pod);
    int first = port(meta);
    if (ip == null || first == 0) {
      return List.of();
    }
    String roleset = entry(meta.getLabels(), keys.roleset());
    Role role = role(entry(meta.getLabels(), keys.role()));
    int last = Math.min(first + ranks(pod) - 1, 65_535);
    List<EndpointSpec> endpoints = new ArrayList<>(last - first + 1);
    for (int port = first; port <= last; port++) {
      endpoints.add(
          new EndpointSpec(
              new EndpointKey(meta.getUid(), port),
              meta.getName(),
              ip.indexOf(':') < 0 ? ip + ":" + port : "[" + ip + "]:" + port,
              ready,
              roleset == null ? null : shared.apply(roleset),
              role));
    }
    return List.copyOf(endpoints);
  }

  /**
   * The API server writes IPv6 in the form of RFC 5952 since 1.30, and took care of IPv4 before.
   */
  private static @Nullable String ip(Pod pod) {
    String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    return ip == null || ip.isEmpty() ? null : ip;
  }

  /** The port, or 0 if what stands there is none. */
  private int port(ObjectMeta meta) {
    String text = value(meta, keys.port());
    if (text == null) {
      return DEFAULT_PORT;
    }
    int port = number(text);
    return port <= 65_535 ? port : 0;
  }

  private static int ranks(Pod pod) {
    if (pod.getSpec() == null) {
      return 1;
    }
    for (Container container : pod.getSpec().getContainers()) {
      for (EnvVar variable : container.getEnv()) {
        if (variable.getName().equals(PodKeys.RANKS_VARIABLE) && variable.getValue() != null) {
          return Math.min(Math.max(number(variable.getValue()), 1), MAX_RANKS);
        }
      }
    }
    return 1;
  }

  /** A count written in digits; 0 for anything else. */
  private static int number(String text) {
    try {
      return Math.max(0, Integer.parseInt(text.strip()));
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  private static Role role(@Nullable String name) {
    if (name == null) {
      return Role.COMBINED;
    }
    return switch (name) {
      case "prefill" -> Role.PREFILL;
      case "decode" -> Role.DECODE;
      default -> Role.COMBINED;
    };
  }

  private static boolean isRoutable(Pod pod, String model) {
    return pod.getMetadata().getDeletionTimestamp() == null
        && isReady(pod.getStatus())
        && isActive(pod.getMetadata().getAnnotations(), model);
  }

  private static boolean isReady(@Nullable PodStatus status) {
    if (status == null) {
      return false;
    }
    for (PodCondition condition : status.getConditions()) {
      if (condition.getType().equals("Ready")) {
        return condition.getStatus().equals("True");
      }
    }
    return false;
  }

  /** False if a claim says that the model is not in memory there. */
  private static boolean isActive(@Nullable Map<String, String> annotations, String model) {
    if (annotations == null) {
      return true;
    }
    for (Map.Entry<String, String> annotation : annotations.entrySet()) {
      if (annotation.getKey().startsWith(PodKeys.CLAIM_PREFIX)
          && !isActiveClaim(annotation.getKey(), annotation.getValue(), model)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isActiveClaim(String key, String text, String model) {
    try {
      YamlMap claim = YamlNode.parse(key, text).map();
      return !claim.string("model", model).equals(model)
          || claim.string("state", "active").equals("active");
    } catch (ConfigException e) {
      return false;
    }
  }

  private static @Nullable String value(ObjectMeta meta, String key) {
    String label = entry(meta.getLabels(), key);
    return label != null ? label : entry(meta.getAnnotations(), key);
  }

  private static @Nullable String entry(@Nullable Map<String, String> map, String key) {
    String value = map == null ? null : map.get(key);
    return value == null || value.isBlank() ? null : value;
  }
}
