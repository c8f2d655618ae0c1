package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.Fault;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** An Envoy that waits shortly for answers in general, and longer where it is asked to. */
class PrefillMessageTimeoutTest {
  @Test
  void aPrefillMayTakeLongerThanEnvoyWaitsForOtherAnswers() throws Exception {
    try (Stack stack =
        Stack.named("prefill-message-timeout")
            .rolesets("alpha", Protocol.VLLM, new Roleset("red", 1, 1))
            .setting("gatewayPlugin.messageTimeout", "3s")
            .setting("gatewayPlugin.maxMessageTimeout", "40s")
            .pluginFlags(
                "--warm-up-time=5s",
                "--drain-grace=0s",
                "--routing-algorithm=pd",
                "--message-timeout=3s",
                "--max-message-timeout=40s")
            .start()) {
      stack
          .servers("alpha", Role.PREFILL)
          .forEach(server -> server.inject(new Fault.Slow(Duration.ofSeconds(5))));

      Reply reply =
          stack.client().send(Ask.of("alpha").withPrompt("Which points are set? ".repeat(20)));

      assertThat(reply.status()).as(reply.body()).isEqualTo(200);
      assertThat(reply.header("x-prefill-outcome")).as("%s", reply).isEqualTo("completed");
      assertThat(reply.header("x-kv-transfer")).isEqualTo("fetched");
      stack.awaitIdle();
    }
  }
}
