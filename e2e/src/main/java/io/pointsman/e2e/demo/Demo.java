package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.HarnessException;
import io.pointsman.e2e.harness.Ports;
import io.pointsman.e2e.harness.Stack;
import io.pointsman.e2e.harness.StackBuilder.Roleset;
import io.pointsman.e2e.modelserver.Disaggregation;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Starts everything, sends traffic and shows who serves it. */
@Command(
    name = "demo.sh",
    sortOptions = false,
    description = {
      "Starts Redis, four sample model servers for two models, the plugin, the xDS controller and"
          + " Envoy on loopback, sends sample traffic and shows a live table of the pods until"
          + " Ctrl-C. Stops all it started.",
      ""
    })
public final class Demo implements Callable<Integer> {
  private static final List<String> MODELS = List.of("llama-3-8b", "qwen-3-4b");
  private static final int SERVERS = 2;
  private static final String PAIRS_HEADER = "-H 'routing-strategy: pd' ";
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int SHOWN_PROBLEMS = 10;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Option(
      names = "--port",
      paramLabel = "PORT",
      defaultValue = "8888",
      description = "Envoy's port for clients. Default: ${DEFAULT-VALUE}.")
  private int port;

  @Option(
      names = "--check",
      description =
          "No live table: send "
              + Check.REQUESTS
              + " requests over all strategies, hold each answer's pod against the target-pod"
              + " header, show the table once and stop. Exit code 0 if all was right, else 1.")
  private boolean check;

  @Option(
      names = "--kubernetes",
      description =
          "The plugin finds its models as pods of a mock Kubernetes API server, and prints how to"
              + " change their annotations by curl.")
  private boolean kubernetes;

  @Option(
      names = "--pd",
      description =
          "Prefill-decode routing: the models' servers form rolesets, two of vLLM servers and one of"
              + " SGLang servers, and a second table shows which pairs shared requests.")
  private boolean pairs;

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      description = "Show this page.")
  @SuppressWarnings("UnusedVariable") // picocli reads it.
  private boolean help;

  private enum State {
    RUNNING,
    INTERRUPTED,
    DONE
  }

  private final PrintStream out;
  private final boolean terminal;
  private volatile @Nullable Traffic traffic;
  private final AtomicReference<State> state = new AtomicReference<>(State.RUNNING);

  private Demo(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  /** Runs the demo; the script beside it sets the system properties. */
  public static void main(String[] args) {
    var demo = new Demo(System.out, Boolean.getBoolean("pointsman.demo.terminal"));
    System.exit(
        new CommandLine(demo)
            .setUsageHelpWidth(100)
            .setParameterExceptionHandler(
                (e, arguments) -> {
                  System.err.println("demo.sh: " + e.getMessage() + "; see --help");
                  return CommandLine.ExitCode.USAGE;
                })
            .setExecutionExceptionHandler(
                (e, commandLine, parsed) -> {
                  if (demo.state.get() == State.INTERRUPTED) {
                    return CommandLine.ExitCode.SOFTWARE;
                  } else if (!(e instanceof HarnessException)) {
                    throw e;
                  }
                  System.err.println("demo.sh: " + e.getMessage());
                  return CommandLine.ExitCode.SOFTWARE;
                })
            .execute(args));
  }

  @Override
  public Integer call() throws InterruptedException {
    if (port < 1 || port > 65_535) {
      throw new ParameterException(spec.commandLine(), "--port must be 1 to 65535");
    }
    if (!Ports.isFree(port)) {
      throw new HarnessException(
          "port %d is taken; give Envoy another one with --port".formatted(port));
    }
    Runtime.getRuntime().addShutdownHook(new Thread(this::interrupted, "demo-interrupted"));
    var figures = new Figures();
    SampleRequests requests =
        pairs ? SampleRequests.ofPairs(MODELS) : SampleRequests.ofAllStrategies(MODELS);
    try (Stack stack = start()) {
      return check ? check(stack, figures, requests) : show(stack, figures, requests);
    } finally {
      state.compareAndSet(State.RUNNING, State.DONE);
    }
  }

  private Stack start() {
    Path target = Path.of(System.getProperty("pointsman.e2e.target", "e2e/target"));
    var builder =
        Stack.named("demo")
            .target(target)
            .envoyPort(port)
            .pluginFlags("--drain-grace=0s")
            .progress(out::println);
    if (pairs) {
      builder.rolesets(
          MODELS.get(0),
          sharing(MODELS.get(0), Protocol.VLLM),
          null,
          new Roleset("red", 2, 2),
          new Roleset("blue", 1, 2));
      builder.rolesets(
          MODELS.get(1), sharing(MODELS.get(1), Protocol.SGLANG), null, new Roleset("grey", 1, 2));
    } else {
      MODELS.forEach(model -> builder.model(model, SERVERS, settings(model)));
    }
    if (kubernetes) {
      builder.kubernetes();
    }
    out.println("starting the model servers");
    return builder.start();
  }

  private static ServerSettings settings(String model) {
    return ServerSettings.realistic(model).withDecodeRate(100);
  }

  private static ServerSettings sharing(String model, Protocol protocol) {
    return settings(model)
        .withDisaggregation(new Disaggregation(protocol, Role.COMBINED, PATIENCE));
  }

  private int check(Stack stack, Figures figures, SampleRequests requests)
      throws InterruptedException {
    List<String> problems = new Check(stack, figures).run(requests);
    stack.awaitIdle();
    table(stack, figures).forEach(out::println);
    problems.stream().limit(SHOWN_PROBLEMS).forEach(problem -> out.println("WRONG: " + problem));
    if (problems.size() > SHOWN_PROBLEMS) {
      out.println("and %d more".formatted(problems.size() - SHOWN_PROBLEMS));
    }
    out.println(
        problems.isEmpty()
            ? "check passed: %d answers, each from the %s"
                .formatted(
                    Check.REQUESTS,
                    pairs
                        ? "pair of one roleset that target-pod and prefill-target-pod name"
                        : "pod that target-pod names")
            : "check failed");
    return problems.isEmpty() ? 0 : 1;
  }

  private int show(Stack stack, Figures figures, SampleRequests requests)
      throws InterruptedException {
    introduction(stack).forEach(out::println);
    var screen = new Screen(out, terminal);
    long seconds = 1;
    try (var clients =
        new Traffic(stack.client(), requests, Integer.MAX_VALUE, figures, (ask, reply) -> {})) {
      traffic = clients;
      while (!clients.await(seconds) && state.get() == State.RUNNING) {
        screen.show(table(stack, figures));
        seconds = terminal ? 1 : 5;
      }
    }
    return 0;
  }

  // Whoever stops the plugin to see what happens shall see it.
  private List<String> table(Stack stack, Figures figures) {
    try {
      var lines = new ArrayList<>(Table.lines(stack.plugin().endpoints(), figures));
      if (pairs) {
        lines.add("");
        lines.addAll(PairTable.lines(stack, figures));
      }
      return lines;
    } catch (HarnessException e) {
      return List.of(
          "the plugin does not answer; requests that ended without a pod: " + figures.withoutPod());
    }
  }

  private List<String> introduction(Stack stack) {
    String base = "http://" + stack.envoyAddress();
    var lines = new ArrayList<String>();
    lines.add("");
    lines.add("Envoy for clients   " + base);
    lines.add("Envoy's admin page  " + stack.envoy().adminUri());
    lines.add("plugin              " + stack.plugin().httpUri() + "/metrics, /debug/endpoints");
    stack
        .models()
        .forEach(
            model ->
                lines.add("%-20s%s".formatted(model.name(), String.join("  ", model.addresses()))));
    lines.add("files and logs      " + stack.folder());
    lines.add("");
    lines.add("Try, in another terminal:");
    lines.add(
        "  curl -i %s/v1/chat/completions %s-d '{\"model\": \"%s\", \"messages\": [{\"role\": \"user\", \"content\": \"hello\"}]}'"
            .formatted(base, pairs ? PAIRS_HEADER : "", MODELS.get(0)));
    lines.add(
        "  curl -N %s/v1/completions %s-d '{\"model\": \"%s\", \"prompt\": \"hello\", \"stream\": true}'"
            .formatted(
                base,
                pairs ? PAIRS_HEADER : "-H 'routing-strategy: least-request' ",
                MODELS.get(1)));
    lines.add("  curl %s/v1/models".formatted(base));
    if (kubernetes) {
      lines.addAll(kubernetesHints(stack));
    }
    lines.add("");
    lines.add(
        pairs
            ? "The first shows in target-pod and prefill-target-pod which pair served it. Ctrl-C stops all."
            : "The first shows in its target-pod header which pod served it. Ctrl-C stops all.");
    lines.add("");
    return lines;
  }

  /** The newest pod's annotation holds for its model: that is the last one. */
  private static List<String> kubernetesHints(Stack stack) {
    List<String> endpoints = stack.models().get(0).addresses();
    String newest = stack.nameOf(endpoints.get(endpoints.size() - 1));
    String pod = stack.apiServer().podUri(newest);
    String patch =
        "  curl -X PATCH -H 'content-type: application/merge-patch+json' %s -d '{\"metadata\": {\"annotations\": {\"model.aibrix.ai/config\": \"%s\"}}}'";
    return List.of(
        "",
        "Lock the strategy of all requests for "
            + stack.models().get(0).name()
            + ", then unlock it:",
        patch.formatted(
            pod,
            "{\\\"lockedRoutingStrategy\\\": \\\"least-request\\\", \\\"profiles\\\": {\\\"default\\\": {}}}"),
        patch.formatted(pod, "{\\\"profiles\\\": {\\\"default\\\": {}}}"),
        "See routing-strategy in the answers:",
        "  curl -si http://%s/v1/completions -d '{\"model\": \"%s\", \"prompt\": \"hello\"}' | grep -i '^routing-strategy'"
            .formatted(stack.envoyAddress(), MODELS.get(0)),
        "Delete that pod: it takes no new request, and what runs there ends in its time:",
        "  curl -X DELETE " + pod);
  }

  // Ctrl-C or SIGTERM: other hooks stop the parts, and what goes wrong meanwhile is no news.
  private void interrupted() {
    if (state.compareAndSet(State.RUNNING, State.INTERRUPTED)) {
      out.println("stopping");
      Traffic running = traffic;
      if (running != null) {
        running.close();
      }
    }
  }
}
