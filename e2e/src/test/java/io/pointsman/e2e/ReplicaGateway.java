package io.pointsman.e2e;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.GatewayClient;
import io.pointsman.e2e.harness.HarnessException;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.proto.admin.v1.EndpointReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** An Envoy that asks one plugin replica and no other, so that it is known who decides. */
final class ReplicaGateway implements AutoCloseable {
  private final XdsEnvoy envoy;
  private final GatewayClient client;
  private @Nullable PluginProcess plugin;

  private ReplicaGateway(XdsEnvoy envoy) {
    this.envoy = envoy;
    client = new GatewayClient(envoy.port());
  }

  /** An Envoy for a replica that runs. */
  static ReplicaGateway of(Stack stack, PluginProcess plugin) throws Exception {
    ReplicaGateway gateway = ofPorts(stack, plugin.grpcPort(), plugin.httpPort());
    gateway.plugin = plugin;
    return gateway;
  }

  /** An Envoy for a replica that is yet to be started. */
  static ReplicaGateway ofPorts(Stack stack, int grpcPort, int httpPort) throws Exception {
    Path folder = Files.createDirectories(stack.folder().resolve("envoy-for-" + grpcPort));
    return new ReplicaGateway(
        new XdsEnvoy(
            folder,
            false,
            "gatewayPlugin: {addresses: [\"127.0.0.1:%d\"], httpAddresses: [\"127.0.0.1:%d\"]}"
                .formatted(grpcPort, httpPort)));
  }

  GatewayClient client() {
    return client;
  }

  /** Says which replica was started at last. */
  void isFor(PluginProcess started) {
    plugin = started;
  }

  /** Sends a completion request and returns the answer, whatever it is. */
  Reply send(Ask ask) throws IOException {
    return client.send(ask);
  }

  CompletableFuture<Reply> sendAsync(Ask ask) {
    return client.sendAsync(ask);
  }

  /** Sends a body to the chat API. */
  Reply chat(String body) throws IOException {
    return client.post("/v1/chat/completions", "application/json", body);
  }

  /** Lets the replica route a prompt and returns the address of the pod that answered. */
  String podFor(Ask ask) throws IOException {
    return pod(send(ask));
  }

  /** The address of the pod that gave this answer, which must be a good one. */
  static String pod(Reply reply) {
    String pod = reply.status() == 200 ? reply.servedBy() : null;
    if (pod == null || !pod.equals(reply.header("target-pod"))) {
      throw new HarnessException("no good answer: " + reply.status() + " " + reply.body());
    }
    return pod;
  }

  PluginProcess plugin() {
    if (plugin == null) {
      throw new IllegalStateException("the replica is not started");
    }
    return plugin;
  }

  /** Requests that the replica has ever routed. */
  long decided() {
    return plugin().endpoints().getModelsList().stream()
        .flatMap(model -> model.getEndpointsList().stream())
        .mapToLong(EndpointReport::getRequests)
        .sum();
  }

  /** Entries in the replica's block map. */
  long blocks() {
    return (long) plugin().metric("pointsman_blockmap_entries");
  }

  @Override
  public void close() {
    envoy.close();
  }
}
