package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.kubernetes.client.utils.Serialization;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.policy.PolicyKind;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A mock API server with Envoy Gateway's policies, on a port that stays the same. */
public final class Cluster implements AutoCloseable {
  private static final String POLICIES = "/apis/gateway.envoyproxy.io/v1alpha1/namespaces/default/";

  private final ApplyingDispatcher state = new ApplyingDispatcher();
  private final Path folder;
  private KubernetesMockServer server;
  private KubernetesClient client;
  private final int port;

  public Cluster(Path folder) {
    this.folder = folder;
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
  }

  void startAgain() {
    start(port);
  }

  ApplyingDispatcher state() {
    return state;
  }

  KubernetesClient client() {
    return client;
  }

  public Path kubeconfig() throws IOException {
    return Files.writeString(
        folder.resolve("kubeconfig"),
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: c, cluster: {server: "http://127.0.0.1:%d"}}]
        users: [{name: u, user: {token: secret}}]
        contexts: [{name: x, context: {cluster: c, user: u, namespace: default}}]
        current-context: x
        """
            .formatted(port));
  }

  /** A client as the controller makes it. */
  KubernetesClient controllerClient() throws IOException, ConfigException {
    return KubernetesClients.open(kubeconfig());
  }

  static String path(PolicyKind kind, String name) {
    return POLICIES + kind.plural() + "/" + name;
  }

  Resource<GenericKubernetesResource> policy(PolicyKind kind, String name) {
    return client
        .genericKubernetesResources(PolicyApi.context(kind))
        .inNamespace("default")
        .withName(name);
  }

  /** Changes a policy as somebody with kubectl would. */
  void edit(PolicyKind kind, String name, Consumer<Map<String, Object>> change) {
    Map<String, Object> tree = tree(kind, name);
    change.accept(tree);
    var edited =
        Serialization.unmarshal(Serialization.asJson(tree), GenericKubernetesResource.class);
    var unused =
        client
            .genericKubernetesResources(PolicyApi.context(kind))
            .inNamespace("default")
            .resource(edited)
            .update();
  }

  /** Envoy Gateway says that a policy is good as it is now. */
  void accept(PolicyKind kind, String name) {
    edit(
        kind,
        name,
        tree ->
            tree.put(
                "status",
                ApplyingDispatcher.accepted(Manifest.number(tree, "metadata", "generation"))));
  }

  @SuppressWarnings("unchecked")
  Map<String, Object> tree(PolicyKind kind, String name) {
    return Serialization.unmarshal(Serialization.asJson(policy(kind, name).get()), Map.class);
  }

  /** What was asked to change of policies, as {@code PATCH envoypatchpolicies}. */
  public List<String> policyChanges() {
    return state.changes().stream()
        .filter(change -> change.path().contains("gateway.envoyproxy.io"))
        .map(
            change ->
                change.method()
                    + " "
                    + change.path().replaceAll("\\?.*", "").replaceAll(".*/default/", ""))
        .toList();
  }

  @Override
  public void close() {
    stop();
  }
}
