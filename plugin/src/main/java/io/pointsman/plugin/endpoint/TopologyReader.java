package io.pointsman.plugin.endpoint;

import io.pointsman.common.ConfigException;
import io.pointsman.common.YamlMap;
import io.pointsman.common.YamlNode;
import io.pointsman.plugin.endpoint.EndpointSpec.Role;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** Reads a models file whole, or says what is wrong with it and where. */
final class TopologyReader {
  private static final String DEFAULT_ENGINE = "vllm";
  private static final Set<String> ENGINES = Set.of(DEFAULT_ENGINE, "sglang", "trtllm");

  private final ModelConfigReader configReader;

  TopologyReader(Predicate<String> knownStrategy) {
    configReader = new ModelConfigReader(knownStrategy);
  }

  /**
   * @param source the file's name for messages
   */
  Topology read(String source, String text) throws ConfigException {
    YamlMap root = YamlNode.parse(source, text).map();
    List<ModelSpec> models = new ArrayList<>();
    Set<String> names = new HashSet<>();
    for (YamlNode node : root.required("models").list()) {
      YamlMap map = node.map();
      YamlNode name = map.required("name");
      if (!names.add(name.string())) {
        throw name.error("another model has the same name: " + name.string());
      }
      models.add(model(name.string(), map));
    }
    root.rejectUnknownKeys();
    return new Topology(models);
  }

  private ModelSpec model(String name, YamlMap map) throws ConfigException {
    String engine = engine(map);
    YamlNode endpoints = map.get("endpoints");
    YamlNode rolesets = map.get("rolesets");
    YamlNode config = map.get("config");
    YamlNode adapters = map.get("adapters");
    Disaggregation shared = transfer(map);
    map.rejectUnknownKeys();
    var found = new EndpointList(adapters(name, adapters), shared);
    if (endpoints != null && rolesets == null) {
      found.addAll(endpoints, null, Role.COMBINED, shared);
    } else if (endpoints == null && rolesets != null) {
      addRolesets(rolesets, found);
    } else {
      throw map.error("give either \"endpoints\" or \"rolesets\"");
    }
    return new ModelSpec(
        name,
        engine,
        found.specs,
        config == null ? ModelConfig.NONE : configReader.read(config.map()));
  }

  private static List<String> adapters(String model, @Nullable YamlNode list)
      throws ConfigException {
    List<String> names = new ArrayList<>();
    if (list != null) {
      for (YamlNode node : list.list()) {
        if (node.string().equals(model) || names.contains(node.string())) {
          throw node.error("this name is taken: " + node.string());
        }
        names.add(node.string());
      }
    }
    return names;
  }

  private static String engine(YamlMap map) throws ConfigException {
    YamlNode node = map.get("engine");
    if (node == null) {
      return DEFAULT_ENGINE;
    }
    if (!ENGINES.contains(node.string())) {
      throw node.error("expected vllm, sglang or trtllm, found \"%s\"".formatted(node.string()));
    }
    return node.string();
  }

  private static void addRolesets(YamlNode rolesets, EndpointList found) throws ConfigException {
    Set<String> names = new HashSet<>();
    for (YamlNode node : rolesets.list()) {
      YamlMap map = node.map();
      YamlNode name = map.required("name");
      if (!names.add(name.string())) {
        throw name.error("another roleset has the same name: " + name.string());
      }
      YamlNode prefill = map.required("prefill");
      YamlNode decode = map.required("decode");
      YamlNode combined = map.get("combined");
      Disaggregation bucket = bucket(map, found.shared);
      map.rejectUnknownKeys();
      found.addAll(prefill, name.string(), Role.PREFILL, bucket);
      found.addAll(decode, name.string(), Role.DECODE, bucket);
      if (combined != null) {
        found.addAll(combined, name.string(), Role.COMBINED, combined(found.shared));
      }
    }
  }

  /** What a model's entry says of how its pods hand KV caches over. */
  private static Disaggregation transfer(YamlMap map) throws ConfigException {
    YamlNode connector = map.get("kvConnector");
    YamlNode port = map.get("bootstrapPort");
    return new Disaggregation(
        0,
        0,
        false,
        connector == null ? null : connector.string(),
        port == null ? Disaggregation.BOOTSTRAP_PORT : (int) port.integer(1, 65_535));
  }

  /** The same for pods that serve whole requests; unless they say so, of any length. */
  private static Disaggregation combined(Disaggregation shared) {
    return new Disaggregation(0, 0, true, shared.connector(), shared.bootstrapPort());
  }

  /** The same with the lengths of prompts that a roleset, or an endpoint, is for. */
  private static Disaggregation bucket(YamlMap map, Disaggregation outer) throws ConfigException {
    YamlNode min = map.get("promptLenBucketMinLength");
    YamlNode max = map.get("promptLenBucketMaxLength");
    return new Disaggregation(
        min == null ? outer.minPromptTokens() : (int) min.integer(0, Integer.MAX_VALUE),
        max == null ? outer.maxPromptTokens() : (int) max.integer(0, Integer.MAX_VALUE),
        outer.combined(),
        outer.connector(),
        outer.bootstrapPort());
  }

  /** The endpoints of one model, each address once. */
  private static final class EndpointList {
    final List<EndpointSpec> specs = new ArrayList<>();
    private final Set<SocketAddressText> addresses = new HashSet<>();
    private final List<String> adapters;
    private final Disaggregation shared;

    /**
     * @param shared what holds where no roleset says otherwise
     */
    EndpointList(List<String> adapters, Disaggregation shared) {
      this.adapters = adapters;
      this.shared = shared;
    }

    void addAll(YamlNode list, @Nullable String roleset, Role role, Disaggregation outer)
        throws ConfigException {
      for (YamlNode item : list.list()) {
        YamlMap map = item.isMap() ? item.map() : null;
        YamlNode node = map == null ? item : map.required("address");
        Map<String, String> labels = map == null ? Map.of() : labels(map.map("labels"));
        Disaggregation own = map == null ? outer : bucket(map, outer);
        if (map != null) {
          map.rejectUnknownKeys();
        }
        SocketAddressText address = address(node);
        if (!addresses.add(address)) {
          throw node.error("this model has the same endpoint already: " + address.text());
        }
        specs.add(
            new EndpointSpec(
                new EndpointKey(address.host(), address.port()),
                address.text(),
                address.text(),
                true,
                roleset,
                role,
                labels,
                "",
                adapters,
                0,
                own));
      }
    }

    private static Map<String, String> labels(YamlMap map) throws ConfigException {
      var labels = new HashMap<String, String>();
      for (String key : map.keys()) {
        labels.put(key, map.required(key).string());
      }
      return labels;
    }

    private static SocketAddressText address(YamlNode node) throws ConfigException {
      try {
        return SocketAddressText.parse(node.string());
      } catch (IllegalArgumentException e) {
        throw node.error(String.valueOf(e.getMessage()));
      }
    }
  }
}
