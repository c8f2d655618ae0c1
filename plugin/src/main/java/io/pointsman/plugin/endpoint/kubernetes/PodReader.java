package io.pointsman.plugin.endpoint.kubernetes;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.ContainerStatus;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodCondition;
import io.fabric8.kubernetes.api.model.PodStatus;
import io.pointsman.plugin.endpoint.Disaggregation;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** Reads what matters of a pod. Immutable. */
final class PodReader {
  private static final int DEFAULT_PORT = 8000;

  /** As many as tools show of a container's id. */
  private static final int ID_CHARACTERS = 12;

  /** More ranks than any machine has accelerators: a larger number is a slip. */
  private static final int MAX_RANKS = 256;

  private static final Gson GSON = new Gson();

  /** What a claim's annotation says, as far as it matters. Filled by its parser. */
  private static final class Claim {
    @Nullable String model;
    @Nullable String state;
  }

  private final PodKeys keys;
  private final UnaryOperator<String> shared;
  private final boolean keepsLabels;
  private final @Nullable PoolSpec pool;

  /**
   * @param shared gives one object for equal texts, for values that many pods have in common
   * @param keepsLabels true if endpoints carry their pods' labels
   */
  PodReader(PodKeys keys, UnaryOperator<String> shared, boolean keepsLabels) {
    this(keys, shared, keepsLabels, null);
  }

  /**
   * As the other, for the pods of an InferencePool.
   *
   * @param pool says model and ports in place of the pods, if it is there
   */
  PodReader(
      PodKeys keys, UnaryOperator<String> shared, boolean keepsLabels, @Nullable PoolSpec pool) {
    this.pool = pool;
    this.keys = keys;
    this.shared = shared;
    this.keepsLabels = keepsLabels;
  }

  /** The record of a pod, or null if it names no model or only works for another one's server. */
  @Nullable PodRecord read(Pod pod) {
    ObjectMeta meta = pod.getMetadata();
    String model = pool == null ? value(meta, keys.model()) : pool.model();
    if (model == null || isWorker(meta)) {
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

  private static boolean isWorker(ObjectMeta meta) {
    String index = entry(meta.getLabels(), PodKeys.POD_GROUP_INDEX);
    return "worker".equals(entry(meta.getLabels(), PodKeys.RAY_NODE_TYPE))
        || (index != null && !index.equals("0"));
  }

  private List<EndpointSpec> endpoints(Pod pod, boolean ready) {
    ObjectMeta meta = pod.getMetadata();
    String ip = ip(pod);
    List<Integer> ports = pool == null ? ports(pod) : pool.ports();
    if (ip == null || ports.isEmpty()) {
      return List.of();
    }
    String roleset = entry(meta.getLabels(), keys.roleset());
    Role role = role(entry(meta.getLabels(), keys.role()));
    String container = container(pod, ports.get(0));
    List<String> adapters = adapters(entry(meta.getAnnotations(), keys.adapters()));
    Map<String, String> labels = labels(meta);
    int metricsPort = metricsPort(meta, ports.get(0));
    Disaggregation disaggregation = disaggregation(meta);
    List<EndpointSpec> endpoints = new ArrayList<>(ports.size());
    for (int port : ports) {
      endpoints.add(
          new EndpointSpec(
              new EndpointKey(meta.getUid(), port),
              meta.getName(),
              ip.indexOf(':') < 0 ? ip + ":" + port : "[" + ip + "]:" + port,
              ready,
              roleset == null ? null : shared.apply(roleset),
              role,
              labels,
              container,
              adapters,
              metricsPort,
              disaggregation));
    }
    return List.copyOf(endpoints);
  }

  /** Without what its config profile says: that is read once for all pods that have the same. */
  private Disaggregation disaggregation(ObjectMeta meta) {
    String connector = value(meta, keys.connector());
    String port = value(meta, keys.bootstrapPort());
    int number = port == null ? 0 : number(port);
    boolean usable = number > 0 && number <= 65_535;
    if (connector == null && !usable) {
      return Disaggregation.DEFAULT;
    }
    return new Disaggregation(
        0,
        0,
        false,
        connector == null ? null : shared.apply(connector.toLowerCase(Locale.ROOT)),
        usable ? number : Disaggregation.BOOTSTRAP_PORT);
  }

  /** The id of the container that has the port, or of the first one; empty if none runs yet. */
  private static String container(Pod pod, int port) {
    List<ContainerStatus> statuses = pod.getStatus().getContainerStatuses();
    if (statuses.isEmpty()) {
      return "";
    }
    String name = containerName(pod, port);
    ContainerStatus serving = statuses.get(0);
    for (ContainerStatus status : statuses) {
      if (status.getName().equals(name)) {
        serving = status;
      }
    }
    String id = serving.getContainerID() == null ? "" : serving.getContainerID();
    int start = id.indexOf("://") < 0 ? 0 : id.indexOf("://") + 3;
    return id.substring(start, Math.min(id.length(), start + ID_CHARACTERS));
  }

  private static @Nullable String containerName(Pod pod, int port) {
    if (pod.getSpec() == null || pod.getSpec().getContainers().isEmpty()) {
      return null;
    }
    for (Container container : pod.getSpec().getContainers()) {
      for (ContainerPort has : container.getPorts()) {
        if (has.getContainerPort() == port) {
          return container.getName();
        }
      }
    }
    return pod.getSpec().getContainers().get(0).getName();
  }

  private List<String> adapters(@Nullable String text) {
    if (text == null) {
      return List.of();
    }
    Set<String> names = new LinkedHashSet<>();
    for (String name : text.strip().startsWith("[") ? list(text) : text.split(",", -1)) {
      if (name != null && !name.isBlank()) {
        names.add(shared.apply(name.strip()));
      }
    }
    return List.copyOf(names);
  }

  /** A JSON list of texts; empty if it is none. */
  private static String[] list(String text) {
    try {
      return GSON.fromJson(text, String[].class);
    } catch (JsonParseException e) {
      return new String[0];
    }
  }

  private Map<String, String> labels(ObjectMeta meta) {
    if (!keepsLabels || meta.getLabels() == null) {
      return Map.of();
    }
    Map<String, String> labels = new HashMap<>();
    meta.getLabels().forEach((key, value) -> labels.put(shared.apply(key), shared.apply(value)));
    return Map.copyOf(labels);
  }

  /**
   * The API server writes IPv6 in the form of RFC 5952 since 1.30, and took care of IPv4 before.
   */
  private static @Nullable String ip(Pod pod) {
    String ip = pod.getStatus() == null ? null : pod.getStatus().getPodIP();
    return ip == null || ip.isEmpty() ? null : ip;
  }

  /** One port for each rank; none if what should be a port is none. */
  private List<Integer> ports(Pod pod) {
    int first = port(pod.getMetadata());
    if (first == 0) {
      return List.of();
    }
    int last = Math.min(first + ranks(pod) - 1, 65_535);
    List<Integer> ports = new ArrayList<>(last - first + 1);
    for (int port = first; port <= last; port++) {
      ports.add(port);
    }
    return ports;
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

  /**
   * The one port where all ranks' metrics are, or 0 where each has its own at the port it serves:
   * so it is if no other port than the first one is given, or none that is one.
   */
  private int metricsPort(ObjectMeta meta, int first) {
    String text = value(meta, keys.metricsPort());
    int port = text == null ? 0 : number(text);
    return port == first || port > 65_535 ? 0 : port;
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
          && !isActiveClaim(annotation.getValue(), model)) {
        return false;
      }
    }
    return true;
  }

  private static boolean isActiveClaim(String text, String model) {
    try {
      Claim claim = GSON.fromJson(text, Claim.class);
      return claim == null
          || (claim.model != null && !claim.model.equals(model))
          || claim.state == null
          || claim.state.equals("active");
    } catch (JsonParseException e) {
      return false;
    }
  }

  /** A label, or else the annotation of the same name; null if neither is there. */
  static @Nullable String value(ObjectMeta meta, String key) {
    String label = entry(meta.getLabels(), key);
    return label != null ? label : entry(meta.getAnnotations(), key);
  }

  private static @Nullable String entry(@Nullable Map<String, String> map, String key) {
    String value = map == null ? null : map.get(key);
    return value == null || value.isBlank() ? null : value;
  }
}
