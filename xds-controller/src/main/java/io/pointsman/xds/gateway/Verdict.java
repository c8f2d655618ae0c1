package io.pointsman.xds.gateway;

import io.pointsman.xds.policy.PolicyKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What Envoy Gateway says of a policy.
 *
 * @param accepted whether it was found good, for all that it is attached to
 * @param programmed whether it was put into Envoy's configuration; only patch policies tell
 * @param current whether this is said of the policy as it is now
 * @param reason why it is not in force, or empty
 * @param warnings what is not wrong, but should be known
 */
record Verdict(
    boolean accepted, boolean programmed, boolean current, String reason, List<String> warnings) {

  /** Longest message that is passed on: Envoy Gateway may put whole resources into it. */
  private static final int MAX_MESSAGE = 300;

  private static final String ACCEPTED = "Accepted";
  private static final String PROGRAMMED = "Programmed";

  Verdict {
    warnings = List.copyOf(warnings);
  }

  /** Nothing is there, or not yet. */
  static Verdict none(String reason) {
    return new Verdict(false, false, false, reason, List.of());
  }

  /** Whether the policy, as it is now, does its work. */
  boolean inForce() {
    return current && accepted && programmed;
  }

  /** Reads a policy's status. */
  static Verdict of(PolicyKind kind, Map<?, ?> live) {
    long generation = Manifest.number(live, "metadata", "generation");
    List<?> ancestors = Manifest.list(live, "status", "ancestors");
    if (ancestors.isEmpty()) {
      return none("NoStatus: Envoy Gateway has said nothing of it; does its target exist?");
    }
    boolean accepted = true;
    boolean programmed = true;
    boolean current = true;
    String reason = "";
    var warnings = new ArrayList<String>();
    for (Object ancestor : ancestors) {
      Object yes = condition(ancestor, ACCEPTED);
      Object done = kind == PolicyKind.PATCH ? condition(ancestor, PROGRAMMED) : yes;
      accepted &= isTrue(yes);
      programmed &= isTrue(done);
      current &= isCurrent(yes, generation) && isCurrent(done, generation);
      if (reason.isEmpty()) {
        reason =
            !isTrue(yes) ? reason(ACCEPTED, yes) : !isTrue(done) ? reason(PROGRAMMED, done) : "";
      }
      addWarnings(ancestor, warnings);
    }
    if (reason.isEmpty() && !current) {
      reason = "Pending: Envoy Gateway has not seen generation " + generation + " yet";
    }
    return new Verdict(accepted, programmed, current, reason, warnings);
  }

  /** The newest generation that all conditions speak of; 0 without any. */
  static long observedGeneration(Map<?, ?> live) {
    long observed = Long.MAX_VALUE;
    for (Object ancestor : Manifest.list(live, "status", "ancestors")) {
      for (Object condition : Manifest.list(ancestor, "conditions")) {
        observed = Math.min(observed, Manifest.number(condition, "observedGeneration"));
      }
    }
    return observed == Long.MAX_VALUE ? 0 : observed;
  }

  private static @Nullable Object condition(@Nullable Object ancestor, String type) {
    for (Object condition : Manifest.list(ancestor, "conditions")) {
      if (Manifest.text(condition, "type").equals(type)) {
        return condition;
      }
    }
    return null;
  }

  private static void addWarnings(Object ancestor, List<String> warnings) {
    for (Object condition : Manifest.list(ancestor, "conditions")) {
      String type = Manifest.text(condition, "type");
      if (isTrue(condition) && !type.equals(ACCEPTED) && !type.equals(PROGRAMMED)) {
        warnings.add(reason(type, condition));
      }
    }
  }

  private static boolean isTrue(@Nullable Object condition) {
    return Manifest.text(condition, "status").equals("True");
  }

  private static boolean isCurrent(@Nullable Object condition, long generation) {
    return Manifest.number(condition, "observedGeneration") >= generation;
  }

  private static String reason(String type, @Nullable Object condition) {
    if (condition == null) {
      return type + ": not said yet";
    }
    String text =
        "%s=%s %s: %s"
            .formatted(
                type,
                Manifest.text(condition, "status"),
                Manifest.text(condition, "reason"),
                Manifest.text(condition, "message").replaceAll("\\s+", " "));
    return text.length() > MAX_MESSAGE ? text.substring(0, MAX_MESSAGE) + "…" : text;
  }
}
