package io.pointsman.xds.settings;

import java.util.Collections;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * Envoy Gateway's objects at which the policies are aimed. In {@code gateway} mode only.
 *
 * @param enabled whether the policies are kept; if false they are deleted
 * @param name the Gateway
 * @param namespace of the Gateway; the policies are in it too, as Envoy Gateway demands
 * @param listeners the Gateway's listeners that lead to the plugin
 * @param shared whether others use the Gateway too, so that the policies keep to the listeners and
 *     routes that are named here
 * @param namePrefix begins the names of the policies
 * @param labels put on everything that the controller makes
 * @param httpRoutes routes whose requests the plugin decides
 * @param plainHttpRoutes routes whose requests it does not see, such as {@code GET /v1/models}
 */
public record Gateway(
    boolean enabled,
    String name,
    String namespace,
    List<String> listeners,
    boolean shared,
    String namePrefix,
    SortedMap<String, String> labels,
    List<String> httpRoutes,
    List<String> plainHttpRoutes,
    PluginService pluginService,
    Owner owner,
    Destination destination,
    ModelPods modelPods,
    List<String> modelServices) {

  public Gateway {
    listeners = List.copyOf(listeners);
    labels = Collections.unmodifiableSortedMap(new TreeMap<>(labels));
    httpRoutes = List.copyOf(httpRoutes);
    plainHttpRoutes = List.copyOf(plainHttpRoutes);
    modelServices = List.copyOf(modelServices);
  }

  /**
   * The plugin's Service.
   *
   * @param namespace empty for that of the Gateway
   * @param port of gRPC
   */
  public record PluginService(String name, String namespace, int port) {}

  /**
   * The object whose end is the policies' end. It counts only in the Gateway's namespace, since
   * Kubernetes knows no owners across namespaces.
   *
   * @param name empty for no owner
   * @param namespace empty for that of the Gateway
   */
  public record Owner(String apiVersion, String kind, String name, String namespace) {}

  /**
   * Where the backends of the HTTPRoutes come from with {@link Destination#ENDPOINT_OVERRIDE}.
   *
   * @param service Service without selector in the Gateway's namespace, whose EndpointSlices the
   *     controller keeps
   * @param portName the name of that Service's port
   * @param namespaces where model pods are; {@code *} alone is all
   * @param selector label selector of model pods
   */
  public record ModelPods(
      String service, String portName, List<String> namespaces, String selector) {
    public ModelPods {
      namespaces = List.copyOf(namespaces);
    }
  }

  /** The same, but with nothing to be kept. */
  Gateway off() {
    return new Gateway(
        false,
        name,
        namespace,
        listeners,
        shared,
        namePrefix,
        labels,
        httpRoutes,
        plainHttpRoutes,
        pluginService,
        owner,
        destination,
        modelPods,
        modelServices);
  }

  /** Whether the controller keeps EndpointSlices of model pods. */
  public boolean keepsEndpoints() {
    return enabled && destination == Destination.ENDPOINT_OVERRIDE && modelServices.isEmpty();
  }
}
