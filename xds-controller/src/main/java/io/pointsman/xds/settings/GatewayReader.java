package io.pointsman.xds.settings;

import io.pointsman.common.ConfigException;
import java.util.List;

/** Reads the section {@code gateway}. */
final class GatewayReader {
  /** Longest name of a policy is 253; what is appended to the prefix is far shorter than this. */
  private static final int MAX_PREFIX = 200;

  private GatewayReader() {}

  static Gateway read(Section section) throws ConfigException {
    var gateway =
        new Gateway(
            section.bool("enabled", true),
            section.name("name", "pointsman"),
            section.label("namespace", "default"),
            section.names("listeners", 1, "http"),
            section.bool("shared", false),
            section.name("namePrefix", MAX_PREFIX, "pointsman"),
            section.labels("labels"),
            section.names("httpRoutes", 1, "pointsman"),
            section.names("plainHttpRoutes", 0),
            pluginService(section.section("pluginService")),
            owner(section.section("owner")),
            section.choice("destination", Destination.class, Destination.ORIGINAL_DST),
            modelPods(section.section("modelPods")),
            section.names("modelServices", 0));
    section.end();
    return gateway;
  }

  private static Gateway.PluginService pluginService(Section section) throws ConfigException {
    var service =
        new Gateway.PluginService(
            section.label("name", "pointsman-plugin"),
            section.optionalLabel("namespace"),
            (int) section.number("port", 1, 65_535, 50_052));
    section.end();
    return service;
  }

  private static Gateway.Owner owner(Section section) throws ConfigException {
    var owner =
        new Gateway.Owner(
            section.text("apiVersion", "([a-z0-9.-]+/)?v[a-z0-9]+", "apps/v1"),
            section.text("kind", "[A-Z][A-Za-z0-9]*", "Deployment"),
            section.optionalName("name"),
            section.optionalLabel("namespace"));
    section.end();
    return owner;
  }

  private static Gateway.ModelPods modelPods(Section section) throws ConfigException {
    var pods =
        new Gateway.ModelPods(
            section.label("service", "pointsman-models"),
            section.label("portName", "http"),
            section.namespaces("namespaces", List.of("default")),
            section.text("selector", "[A-Za-z0-9_./(),!= -]+", "model.aibrix.ai/name"));
    section.end();
    return pods;
  }
}
