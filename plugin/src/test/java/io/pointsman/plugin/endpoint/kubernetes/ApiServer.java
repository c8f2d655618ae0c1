package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.api.model.GenericKubernetesResourceList;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.function.UnaryOperator;

/**
 * An API server that keeps objects and tells of their changes, on a port that stays the same when
 * it goes away and comes back.
 */
final class ApiServer implements AutoCloseable {
  static final String NAMESPACE = "models";

  private KubernetesCrudDispatcher state = new KubernetesCrudDispatcher();
  private KubernetesMockServer server;
  private KubernetesClient client;
  private final int port;

  ApiServer() {
    start(0);
    port = server.getPort();
  }

  private void start(int onPort) {
    server =
        new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), state, false);
    server.init(InetAddress.getLoopbackAddress(), onPort);
    client = server.createClient(new JdkHttpClientFactory());
  }

  /** Goes away; what it knows stays. */
  void stop() {
    client.close();
    server.destroy();
    state = unwatched(state);
  }

  /**
   * The same objects without those who watched. The mock would go on writing to them: for up to 30
   * seconds each, in which it answers nobody.
   */
  private static KubernetesCrudDispatcher unwatched(KubernetesCrudDispatcher before) {
    var state = new KubernetesCrudDispatcher();
    state.getMap().putAll(before.getMap());
    long version = before.requestResourceVersion();
    while (state.requestResourceVersion() < version) {
      // Versions only grow.
    }
    return state;
  }

  void startAgain() {
    start(port);
  }

  KubernetesClient client() {
    return client;
  }

  Path kubeconfig(Path folder) throws IOException {
    return kubeconfig(folder, port);
  }

  static Path kubeconfig(Path folder, int port) throws IOException {
    return Files.writeString(
        folder.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: u, user: {token: secret}}]
        contexts: [{name: x, context: {cluster: c, user: u, namespace: %s}}]
        current-context: x
        """
            .formatted(port, NAMESPACE));
  }

  /** Creates a pod. */
  Pod create(PodBuilder pod) {
    Pod built = pod.build();
    return client.pods().inNamespace(built.getMetadata().getNamespace()).resource(built).create();
  }

  /** Changes a pod. */
  void edit(String name, UnaryOperator<Pod> change) {
    client.pods().inNamespace(NAMESPACE).withName(name).edit(change);
  }

  /** As {@code kubectl annotate --overwrite}. */
  void annotate(String name, String annotation, String value) {
    edit(
        name,
        pod ->
            new PodBuilder(pod)
                .editMetadata()
                .addToAnnotations(annotation, value)
                .endMetadata()
                .build());
  }

  void ready(String name, boolean ready) {
    client
        .pods()
        .inNamespace(NAMESPACE)
        .withName(name)
        .editStatus(pod -> Pods.ready(new PodBuilder(pod), ready).build());
  }

  /** InferencePools. */
  NonNamespaceOperation<
          GenericKubernetesResource,
          GenericKubernetesResourceList,
          Resource<GenericKubernetesResource>>
      pools() {
    return client.genericKubernetesResources(PoolWatch.RESOURCE).inNamespace(NAMESPACE);
  }

  void delete(String name) {
    client.pods().inNamespace(NAMESPACE).withName(name).delete();
  }

  @Override
  public void close() {
    stop();
  }
}
