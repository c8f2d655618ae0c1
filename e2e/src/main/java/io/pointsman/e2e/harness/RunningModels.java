package io.pointsman.e2e.harness;

import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The sample model servers of a stack, and how discovery is told of them. */
final class RunningModels {
  private static final String LABELS = "model.aibrix.ai/";

  /** A server and its place. */
  private record Placed(SampleModelServer server, @Nullable String roleset, Role role) {}

  private final BiFunction<ServerSettings, InetAddress, SampleModelServer> starter;
  private final Map<String, List<Placed>> placed = new LinkedHashMap<>();
  private final List<ModelsFile.Model> models = new ArrayList<>();

  /**
   * @param starter starts one server
   */
  RunningModels(BiFunction<ServerSettings, InetAddress, SampleModelServer> starter) {
    this.starter = starter;
  }

  /** Starts the servers of a model. */
  void add(StackBuilder.ModelServers model) {
    placed.put(model.name(), new ArrayList<>());
    List<String> endpoints = start(model, null, Role.COMBINED, model.servers());
    var rolesets = new ArrayList<ModelsFile.Roleset>();
    for (StackBuilder.Roleset set : model.rolesets()) {
      rolesets.add(
          new ModelsFile.Roleset(
              set.name(),
              start(model, set.name(), Role.PREFILL, set.prefill()),
              start(model, set.name(), Role.DECODE, set.decode()),
              start(model, set.name(), Role.COMBINED, set.combined()),
              set.lengths()));
    }
    Protocol protocol = model.settings().disaggregation().protocol();
    models.add(
        new ModelsFile.Model(
            model.name(),
            protocol.engine(),
            transfer(model.name(), protocol),
            endpoints,
            rolesets,
            model.config()));
  }

  private List<String> start(
      StackBuilder.ModelServers model, @Nullable String roleset, Role role, int count) {
    var addresses = new ArrayList<String>();
    for (int i = 0; i < count; i++) {
      SampleModelServer server = starter.apply(model.settings().withRole(role), model.host());
      placed(model.name()).add(new Placed(server, roleset, role));
      addresses.add(server.address());
    }
    return addresses;
  }

  /** What a models file says of the protocol; it has room for one bootstrap port. */
  private Map<String, String> transfer(String model, Protocol protocol) {
    return switch (protocol) {
      case VLLM, TRTLLM -> Map.of();
      case VLLM_RESPONSE -> Map.of("kvConnector", "nixl");
      case SGLANG ->
          Map.of("bootstrapPort", Integer.toString(servers(model, Role.PREFILL).get(0).sidePort()));
    };
  }

  /** What a pod says of it. */
  private static Map<String, String> transferAnnotations(SampleModelServer server) {
    return switch (server.disaggregation().protocol()) {
      case VLLM, TRTLLM -> Map.of();
      case VLLM_RESPONSE -> Map.of(LABELS + "kv-connector-type", "nixl");
      case SGLANG ->
          server.disaggregation().role() == Role.PREFILL
              ? Map.of(LABELS + "sglang-bootstrap-port", Integer.toString(server.sidePort()))
              : Map.of();
    };
  }

  /** Makes each server a pod. */
  void addPods(MockApiServer apiServer) {
    for (ModelsFile.Model model : models) {
      for (Placed place : placed(model.name())) {
        addPod(apiServer, model, place);
      }
    }
  }

  private static void addPod(MockApiServer apiServer, ModelsFile.Model model, Placed place) {
    Map<String, String> labels = new HashMap<>();
    labels.put(LABELS + "engine", model.engine());
    if (place.roleset() != null) {
      labels.put("roleset-name", place.roleset());
      labels.put("role-name", place.role().name().toLowerCase(Locale.ROOT));
    }
    Map<String, String> annotations = new HashMap<>(transferAnnotations(place.server()));
    if (model.config() != null) {
      annotations.put(LABELS + "config", model.config());
    }
    String address = place.server().address();
    apiServer.addPod(podName(model.name(), address), model.name(), address, labels, annotations);
  }

  /** The pod of a server: model and port. */
  private static String podName(String model, String address) {
    return model + "-" + address.substring(address.lastIndexOf(':') + 1);
  }

  /** The name of the pod at an address, or null if no server was started there. */
  @Nullable String podAt(String address) {
    for (ModelsFile.Model model : models) {
      if (model.addresses().contains(address)) {
        return podName(model.name(), address);
      }
    }
    return null;
  }

  List<ModelsFile.Model> models() {
    return List.copyOf(models);
  }

  List<SampleModelServer> servers(String model) {
    return placed(model).stream().map(Placed::server).toList();
  }

  List<SampleModelServer> servers(String model, Role role) {
    return placed(model).stream()
        .filter(place -> place.role() == role)
        .map(Placed::server)
        .toList();
  }

  /** The roleset of a server by its address or its pod's name. */
  @Nullable String roleset(String addressOrPod) {
    for (Map.Entry<String, List<Placed>> model : placed.entrySet()) {
      for (Placed place : model.getValue()) {
        String address = place.server().address();
        if (address.equals(addressOrPod) || podName(model.getKey(), address).equals(addressOrPod)) {
          return place.roleset();
        }
      }
    }
    throw new NoSuchElementException(addressOrPod);
  }

  Map<String, List<SampleModelServer>> all() {
    Map<String, List<SampleModelServer>> all = new LinkedHashMap<>();
    placed.keySet().forEach(model -> all.put(model, servers(model)));
    return all;
  }

  private List<Placed> placed(String model) {
    List<Placed> found = placed.get(model);
    if (found == null) {
      throw new NoSuchElementException(model);
    }
    return found;
  }
}
