package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.ReceivedRequest;
import io.pointsman.e2e.modelserver.SampleModelServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;

/** Pairs whose prefill a proxy beside the decode pod calls, told by a request header. */
class PrefillSidecarTest {
  private static final Duration LIMIT = Duration.ofSeconds(30);

  @Test
  void theProxyBesideTheDecodePodIsToldThePrefillPodAndNobodyElseMayTell() throws Exception {
    try (Stack stack =
            Stack.named("prefill-sidecar")
                .rolesets("alpha", Protocol.VLLM, new Roleset("red", 2, 1))
                .pluginFlags(
                    "--warm-up-time=0s",
                    "--drain-grace=0s",
                    "--routing-algorithm=pd",
                    "--prefill-by=sidecar")
                .start();
        var sidecar =
            new PrefillSidecar(
                stack.freePort(), stack.servers("alpha", Role.DECODE).get(0).address())) {
      List<String> prefills =
          stack.servers("alpha", Role.PREFILL).stream().map(SampleModelServer::address).toList();
      var roleset =
          new io.pointsman.e2e.harness.ModelsFile.Roleset(
              "red", prefills, List.of(sidecar.address()), List.of(), Map.of());
      stack
          .modelsFile()
          .write(List.of(new Model("alpha", "vllm", Map.of(), List.of(), List.of(roleset), null)));
      Await.until(
          "the plugin knows the proxy",
          LIMIT,
          () -> stack.plugin().endpoints().toString().contains(sidecar.address()));
      var asked = new ConcurrentLinkedQueue<ReceivedRequest>();
      stack.servers("alpha", Role.PREFILL).forEach(server -> server.observe(asked::add));

      for (int i = 0; i < 10; i++) {
        Reply reply =
            stack
                .client()
                .send(
                    Ask.of("alpha")
                        .withPrompt("Request " + i + ": which points? ".repeat(10))
                        .withHeader("x-prefiller-host-port", "10.0.0.1:80"));
        assertThat(reply.status()).as(reply.body()).isEqualTo(200);
        assertThat(reply.header("x-kv-transfer")).isEqualTo("fetched");
        assertThat(reply.header("target-pod")).isEqualTo(sidecar.address());
        assertThat(prefills).contains(reply.header("prefill-target-pod"));
        assertThat(reply.header("x-prefill-outcome")).isEqualTo("sidecar");
      }
      assertThat(asked).as("one call for each request, by the proxy").hasSize(10);
      stack.awaitIdle();
    }
  }
}
