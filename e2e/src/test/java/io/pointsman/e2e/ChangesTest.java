package io.pointsman.e2e;

import static org.assertj.core.api.Assertions.assertThat;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Await;
import io.pointsman.e2e.harness.ModelsFile;
import io.pointsman.e2e.harness.ModelsFile.Model;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.modelserver.Fault;
import io.pointsman.e2e.modelserver.SampleModelServer;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Files change under load: the change is there soon, and no request notices. */
class ChangesTest {
  private static final Duration LIMIT = Duration.ofSeconds(20);
  private static final int CLIENTS = 12;
  private static final ServerSettings PACE = ServerSettings.instant("alpha").withDecodeRate(500);

  private static Stack stack;

  @BeforeAll
  static void start() {
    stack =
        Stack.named("changes")
            .model("alpha", 3, PACE)
            .pluginFlags("--warm-up-time=0s", "--drain-grace=0s")
            .start();
  }

  @AfterAll
  static void stop() {
    stack.close();
  }

  @Test
  void settingsReachEnvoyUnderLoadWithoutAFailedRequest() throws Exception {
    try (Load load = load()) {
      awaitAnswers(load, 50);
      for (int round = 1; round <= 3; round++) {
        int n = round;
        change(
            "envoyPatchPolicy.route.timeout",
            (100 + n) + "s",
            "\"timeout\": \"%ds\"".formatted(100 + n));
        change(
            "envoyPatchPolicy.circuitBreakers.maxRequests",
            1000 + n,
            "\"max_requests\": %d".formatted(1000 + n));
        change(
            "envoyPatchPolicy.route.connectTimeout",
            (5 + n) + "s",
            "\"connect_timeout\": \"%ds\"".formatted(5 + n));
        change(
            "clientTrafficPolicy.connection.bufferLimit",
            4_194_304 + n,
            "\"per_connection_buffer_limit_bytes\": %d".formatted(4_194_304 + n));
        change(
            "clientTrafficPolicy.connection.connectionLimit.value",
            2000 + n,
            "\"max_connections\": \"%d\"".formatted(2000 + n));
        change(
            "gatewayPlugin.messageTimeout",
            (10 + n) + "s",
            "\"message_timeout\": \"%ds\"".formatted(10 + n));
        change(
            "gatewayPlugin.extProc.backendSettings.circuitBreaker.maxParallelRequests",
            60_000 + n,
            "\"max_requests\": %d".formatted(60_000 + n));
        awaitAnswers(load, load.answers() + 30);
      }
      assertThat(load.stop()).isEmpty();
      assertThat(load.answers()).isGreaterThan(200);
    }
  }

  @Test
  void aBadSettingsFileIsRefusedWithItsLineAndTheLastGoodOneStays() throws Exception {
    try (Load load = load()) {
      awaitAnswers(load, 20);
      stack.changeSettings(settings -> settings.set("envoyPatchPolicy.route.timeout", "soon"));
      Await.until(
          "the controller says what is wrong",
          LIMIT,
          () -> stack.xdsController().readiness().contains("refused"),
          () -> stack.xdsController().readiness());
      assertThat(stack.xdsController().readiness())
          .containsPattern("settings\\.yaml:\\d+: envoyPatchPolicy\\.route\\.timeout");
      awaitAnswers(load, load.answers() + 30);
      stack.changeSettings(settings -> settings.set("envoyPatchPolicy.route.timeout", "120s"));
      Await.until(
          "the controller is content again",
          LIMIT,
          () -> !stack.xdsController().readiness().contains("refused"));
      assertThat(load.stop()).isEmpty();
    }
  }

  @Test
  void modelsComeGoAndChangeUnderLoadWithoutAFailedRequest() throws Exception {
    Model alpha = stack.models().get(0);
    List<SampleModelServer> more = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      more.add(stack.startServer(PACE, InetAddress.getLoopbackAddress()));
    }
    var all = new ArrayList<>(alpha.endpoints());
    more.forEach(server -> all.add(server.address()));
    try (Load load = load()) {
      awaitAnswers(load, 50);
      for (int round = 0; round < 3; round++) {
        write(List.of(new Model("alpha", all, null)));
        for (SampleModelServer server : more) {
          long before = server.requests();
          Await.until("a new pod serves", LIMIT, () -> server.requests() > before);
        }
        // The two that remain are others than those at the start.
        write(
            List.of(
                new Model("alpha", all.subList(2, 4), null),
                new Model("beta", all.subList(0, 1), null)));
        awaitAnswers(load, load.answers() + 30);
      }
      write(List.of(alpha));
      assertThat(load.stop()).isEmpty();
    }
    stack.awaitIdle();
  }

  @Test
  void anEndpointThatStaysKeepsItsCount() throws Exception {
    Model alpha = stack.models().get(0);
    SampleModelServer server = stack.servers("alpha").get(0);
    write(List.of(new Model("alpha", List.of(server.address()), null)));
    server.inject(new Fault.Hang(Fault.Stage.BEFORE_HEADERS));
    var reply = stack.client().sendAsync(Ask.of("alpha"));
    Await.until("the request hangs", LIMIT, () -> server.hungRequests() == 1);
    write(List.of(alpha));
    assertThat(stack.plugin().endpoint(server.address()).getInFlight()).isEqualTo(1);
    server.heal();
    assertThat(reply.get().status()).isEqualTo(200);
    stack.awaitIdle();
  }

  @Test
  void aBadModelsFileIsRefusedAndTheLastGoodOneStays() throws Exception {
    stack.modelsFile().writeText("models:\n  - name: alpha\n    endpoints: [nonsense]\n");
    Await.until(
        "the plugin says which line is wrong",
        LIMIT,
        () -> stack.plugin().process().output().contains("models.yaml:3"),
        () -> stack.plugin().process().logTail());
    Reply reply = stack.client().send(Ask.of("alpha"));
    assertThat(reply.status()).isEqualTo(200);
    write(stack.models());
  }

  private static Load load() {
    return Load.start(
        stack.client(),
        CLIENTS,
        n -> {
          Ask ask = Ask.of("alpha").withMaxTokens(4 + n % 8);
          ask = n % 2 == 0 ? ask : ask.streaming();
          return n % 3 == 0 ? ask : ask.withStrategy(n % 3 == 1 ? "random" : "least-request");
        });
  }

  private static void awaitAnswers(Load load, int count) {
    Await.until(count + " answers", LIMIT, () -> load.answers() >= count);
  }

  private static void change(String path, Object value, String inEnvoy) {
    stack.changeSettings(settings -> settings.set(path, value));
    var active = Pattern.compile(Pattern.quote(inEnvoy).replace(" ", "\\E\\s*\\Q"));
    stack
        .envoy()
        .awaitUntil(
            path + " is " + value + " and nothing is warming",
            LIMIT,
            () -> {
              String dump = stack.envoy().configDump();
              return active.matcher(dump).find()
                  && !dump.contains("warming_state")
                  && !dump.contains("dynamic_warming_clusters");
            });
  }

  private static void write(List<Model> models) {
    ModelsFile file = stack.modelsFile();
    file.write(models);
    Await.until(
        "the plugin has taken the models over",
        LIMIT,
        () -> {
          var known = stack.plugin().endpoints().getModelsList();
          return known.size() == models.size()
              && models.stream()
                  .allMatch(
                      model ->
                          known.stream()
                              .filter(k -> k.getName().equals(model.name()))
                              .anyMatch(
                                  k ->
                                      k.getEndpointsList().stream()
                                          .map(e -> e.getAddress())
                                          .toList()
                                          .equals(model.endpoints())));
        },
        () -> readText(file) + stack.plugin().endpoints());
  }

  private static String readText(ModelsFile file) {
    try {
      return Files.readString(file.path());
    } catch (IOException e) {
      return e.toString();
    }
  }
}
