package io.pointsman.e2e.harness;

import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.kubernetes.client.server.mock.KubernetesMockServer;
import io.fabric8.mockwebserver.Context;
import io.fabric8.mockwebserver.MockWebServer;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * A stand-in for the Kubernetes API server, in this process: keeps pods and tells of their changes.
 * Pods of sample servers are all at 127.0.0.1 and differ in their port. A pod that is deleted stays
 * terminating until {@link #remove}, as a kubelet would have it while its containers end. Not
 * thread-safe.
 */
public final class MockApiServer implements AutoCloseable {
  /** Where the pods are. */
  public static final String NAMESPACE = "demo";

  private static final String LABELS = "model.aibrix.ai/";
  private static final String HOLD = "pointsman.io/hold";

  /** Held, since a level that was set on a logger that nobody holds is forgotten. */
  private static final Logger REQUEST_LOG = Logger.getLogger(MockWebServer.class.getName());

  private KubernetesCrudDispatcher state = new KubernetesCrudDispatcher();
  private final int port;
  private KubernetesMockServer server;
  private KubernetesClient client;
  private int pods;

  private MockApiServer(int port) {
    this.port = port;
    REQUEST_LOG.setLevel(Level.WARNING);
    server = listen();
    client = server.createClient(new JdkHttpClientFactory());
  }

  static MockApiServer start(int port) {
    return new MockApiServer(port);
  }

  private KubernetesMockServer listen() {
    var started =
        new KubernetesMockServer(new Context(), new MockWebServer(), new HashMap<>(), state, false);
    started.init(InetAddress.getLoopbackAddress(), port);
    return started;
  }

  /** Where it listens, as {@code http://127.0.0.1:port}. */
  public String uri() {
    return "http://127.0.0.1:" + port;
  }

  /** The URI of a pod, for any HTTP client. */
  public String podUri(String pod) {
    return uri() + "/api/v1/namespaces/" + NAMESPACE + "/pods/" + pod;
  }

  /** Writes a file by which clients find it. */
  Path writeKubeconfig(Path file) {
    ModelsFile.replace(
        file,
        """
        apiVersion: v1
        kind: Config
        clusters: [{name: mock, cluster: {server: "%s"}}]
        users: [{name: demo, user: {token: none}}]
        contexts: [{name: demo, context: {cluster: mock, user: demo, namespace: %s}}]
        current-context: demo
        """
            .formatted(uri(), NAMESPACE));
    return file;
  }

  /** Adds a vLLM pod that is ready; each is a second younger than the one before. */
  public void addPod(String name, String model, String address) {
    addPod(name, model, address, Map.of(LABELS + "engine", "vllm"), Map.of());
  }

  /**
   * As the other, with labels beside those of model and port, and annotations.
   *
   * @param address as {@code ip:port}
   */
  public void addPod(
      String name,
      String model,
      String address,
      Map<String, String> labels,
      Map<String, String> annotations) {
    int colon = address.lastIndexOf(':');
    Pod pod =
        new PodBuilder()
            .withNewMetadata()
            .withNamespace(NAMESPACE)
            .withName(name)
            .withFinalizers(HOLD)
            .withCreationTimestamp(
                Instant.now().truncatedTo(ChronoUnit.SECONDS).plusSeconds(pods++).toString())
            .addToLabels(LABELS + "name", model)
            .addToLabels(LABELS + "port", address.substring(colon + 1))
            .addToLabels(labels)
            .addToAnnotations(annotations)
            .endMetadata()
            .withNewStatus()
            .withPodIP(address.substring(0, colon))
            .addNewCondition()
            .withType("Ready")
            .withStatus("True")
            .endCondition()
            .endStatus()
            .build();
    client.pods().inNamespace(NAMESPACE).resource(pod).create();
  }

  /** As {@code kubectl annotate --overwrite}. */
  public void annotate(String pod, String annotation, String value) {
    edit(
        pod,
        it ->
            new PodBuilder(it)
                .editMetadata()
                .addToAnnotations(annotation, value)
                .endMetadata()
                .build());
  }

  /** As {@code kubectl delete}: the pod is terminating from now on. */
  public void delete(String pod) {
    client.pods().inNamespace(NAMESPACE).withName(pod).delete();
  }

  /** Its containers have ended: a pod that is terminating is gone. */
  public void remove(String pod) {
    edit(pod, it -> new PodBuilder(it).editMetadata().withFinalizers().endMetadata().build());
    client.pods().inNamespace(NAMESPACE).withName(pod).delete();
  }

  /** Messages of the events that are told of a pod. */
  public List<String> events(String pod) {
    return client.v1().events().inNamespace(NAMESPACE).list().getItems().stream()
        .filter(event -> event.getInvolvedObject().getName().equals(pod))
        .map(event -> event.getMessage())
        .toList();
  }

  private void edit(String pod, UnaryOperator<Pod> change) {
    client.pods().inNamespace(NAMESPACE).withName(pod).edit(change);
  }

  /** Goes away; what it knows stays. */
  public void goAway() {
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

  /** Comes back on the same port. */
  public void comeBack() {
    client.close();
    server = listen();
    client = server.createClient(new JdkHttpClientFactory());
  }

  @Override
  public void close() {
    client.close();
    server.destroy();
  }
}
