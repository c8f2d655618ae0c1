package io.pointsman.e2e.demo;

import io.pointsman.e2e.harness.Ask;
import io.pointsman.e2e.harness.Reply;
import io.pointsman.e2e.harness.Stack;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Sends requests of every kind and holds each answer against what it claims. */
final class Check {
  static final int REQUESTS = 200;
  private static final long LIMIT_SECONDS = 120;

  private final Stack stack;
  private final Figures figures;
  private final List<String> problems = new ArrayList<>();

  Check(Stack stack, Figures figures) {
    this.stack = stack;
    this.figures = figures;
  }

  /** Returns what was wrong, a line each; empty if all was right. */
  List<String> run(SampleRequests requests) throws InterruptedException {
    try (var traffic = new Traffic(stack.client(), requests, REQUESTS, figures, this::check)) {
      if (!traffic.await(LIMIT_SECONDS)) {
        note("not all requests were answered within %d s".formatted(LIMIT_SECONDS));
      }
    }
    if (figures.withoutPod() > 0) {
      note("%d requests ended without a pod".formatted(figures.withoutPod()));
    }
    for (var model : stack.servers().entrySet()) {
      for (var server : model.getValue()) {
        if (!figures.hasSeen(stack.nameOf(server.address()))) {
          note("pod %s of model %s got no request".formatted(server.address(), model.getKey()));
        }
      }
    }
    synchronized (problems) {
      return List.copyOf(problems);
    }
  }

  private void check(Ask ask, Reply reply) {
    String problem = problem(ask, reply, pods(ask.model()));
    if (problem == null && SampleRequests.PAIRS.equals(ask.headers().get("routing-strategy"))) {
      problem = pairProblem(reply);
    }
    if (problem != null) {
      note(
          "model=%s strategy=%s stream=%s: %s"
              .formatted(
                  ask.model(),
                  ask.headers().getOrDefault("routing-strategy", "(none)"),
                  ask.stream(),
                  problem));
    }
  }

  private List<String> pods(String model) {
    return stack.servers(model).stream().map(server -> server.address()).toList();
  }

  static @Nullable String problem(Ask ask, Reply reply, List<String> pods) {
    if (reply.status() != 200) {
      return "status " + reply.status() + ": " + reply.body();
    }
    String name = reply.header("target-pod");
    String target = reply.header("target-pod-ip");
    String strategy = ask.headers().getOrDefault("routing-strategy", "random");
    // Who served it, by the word of the server: in a header and again in the body.
    Map<String, @Nullable String> served =
        Map.of("x-served-by", text(reply.header("x-served-by")), "body", text(reply.servedBy()));
    if (name == null || target == null) {
      return "no target-pod header";
    } else if (!pods.contains(target)) {
      return "target-pod " + name + " at " + target + " does not serve this model";
    } else if (!served.values().stream().allMatch(target::equals)) {
      return "target-pod is " + name + " at " + target + ", but served by " + served;
    } else if (!Objects.equals(reply.header("routing-strategy"), strategy)) {
      return "strategy " + reply.header("routing-strategy") + ", expected " + strategy;
    } else if (ask.stream() && !reply.isCompleteStream()) {
      return "the stream is cut short";
    }
    return null;
  }

  /** What is wrong with the pair that served a request, or null. */
  private @Nullable String pairProblem(Reply reply) {
    String prefill = reply.header("prefill-target-pod");
    String decode = text(reply.header("target-pod"));
    if (prefill == null) {
      return "no prefill-target-pod header";
    } else if (!Objects.equals(stack.roleset(prefill), stack.roleset(decode))) {
      return "prefill pod " + prefill + " is of another roleset than decode pod " + decode;
    } else if (!"fetched".equals(reply.header("x-kv-transfer"))) {
      return decode + " says of the KV cache: " + text(reply.header("x-kv-transfer"));
    }
    return null;
  }

  private static String text(@Nullable String text) {
    return text == null ? "nobody" : text;
  }

  private void note(String problem) {
    synchronized (problems) {
      problems.add(problem);
    }
  }
}
