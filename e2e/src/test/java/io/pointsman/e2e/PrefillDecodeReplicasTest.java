package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.PluginProcess;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.Fault.Stage;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.proto.admin.v1.EndpointReport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** Two replicas of the plugin that choose among the same prefill pods. */
class PrefillDecodeReplicasTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void replicasCountEachOthersPrefillsAndSpreadThem() throws Exception {
    try (Stack stack =
            Stack.named("prefill-decode-replicas")
                .rolesets("alpha", Protocol.VLLM, new Roleset("red", 3, 1))
                .plugins(2)
                .pluginFlags(
                    "--warm-up-time=0s",
                    "--drain-grace=0s",
                    "--routing-algorithm=pd",
                    "--prefill-timeout=30s",
                    "--prefill-deadline=40s")
                .start();
        var first = ReplicaGateway.of(stack, stack.plugins().get(0));
        var second = ReplicaGateway.of(stack, stack.plugins().get(1))) {
      List<SampleModelServer> prefills = stack.servers("alpha", Role.PREFILL);
      prefills.forEach(server -> server.inject(new Fault.Hang(Stage.BEFORE_HEADERS)));
      var replies = new ArrayList<CompletableFuture<Reply>>();

      send(first, 5, replies);
      Await.until("five prefills hang", LIMIT, () -> hung(prefills) == 5);
      Await.until(
          "the other replica has heard of them",
          LIMIT,
          () -> peerInFlight(stack.plugins().get(1), prefills) == 5);
      send(second, 4, replies);
      Await.until("nine prefills hang", LIMIT, () -> hung(prefills) == 9);

      assertThat(prefills.stream().map(SampleModelServer::hungRequests))
          .as("no pod has more than its share, whoever sent it there")
          .containsExactly(3, 3, 3);
      prefills.forEach(SampleModelServer::heal);
      for (CompletableFuture<Reply> reply : replies) {
        assertThat(reply.get().status()).isEqualTo(200);
        assertThat(reply.get().header("x-kv-transfer")).isEqualTo("fetched");
      }
      stack.awaitIdle();
    }
  }

  private static void send(
      ReplicaGateway gateway, int count, List<CompletableFuture<Reply>> replies) {
    for (int i = 0; i < count; i++) {
      replies.add(
          gateway.sendAsync(
              Ask.of("alpha").withPrompt("Request " + replies.size() + " of all. ".repeat(20))));
    }
  }

  private static int hung(List<SampleModelServer> servers) {
    return servers.stream().mapToInt(SampleModelServer::hungRequests).sum();
  }

  private static int peerInFlight(PluginProcess plugin, List<SampleModelServer> servers) {
    var addresses = servers.stream().map(SampleModelServer::address).collect(Collectors.toSet());
    return plugin.endpoints().getModels(0).getEndpointsList().stream()
        .filter(endpoint -> addresses.contains(endpoint.getAddress()))
        .mapToInt(EndpointReport::getPeerInFlight)
        .sum();
  }
}
