package io.pointsman.xds.gateway;

import io.pointsman.xds.policy.PolicyId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Tells operators, once, of each change in what is known of policies. For one thread. */
final class Reporter {
  private static final Logger log = LoggerFactory.getLogger(Reporter.class);

  private final PolicyEvents events;
  private final PolicyMetrics metrics;
  private Map<PolicyId, PolicyState> last = Map.of();

  Reporter(PolicyEvents events, PolicyMetrics metrics) {
    this.events = events;
    this.metrics = metrics;
  }

  void report(List<PolicyState> states) {
    metrics.show(states);
    var now = new HashMap<PolicyId, PolicyState>();
    for (PolicyState state : states) {
      now.put(state.id(), state);
      PolicyState before = last.get(state.id());
      if (before == null || !before.verdict().equals(state.verdict())) {
        tellVerdict(state);
      }
      if (before == null ? !state.foreign().isEmpty() : !before.foreign().equals(state.foreign())) {
        log.warn(
            "policy has fields that others have set, which stay: policy=\"{}\" fields={}",
            state.id(),
            state.foreign());
      }
    }
    last = now;
  }

  private void tellVerdict(PolicyState state) {
    Verdict verdict = state.verdict();
    if (verdict.inForce()) {
      log.info("policy is in force: policy=\"{}\" generation={}", state.id(), state.generation());
      events.normal(state, "InForce", "generation " + state.generation() + " is in force");
    } else {
      log.warn("policy is not in force: policy=\"{}\" reason=\"{}\"", state.id(), verdict.reason());
      // Not worth an event while Envoy Gateway has not had time to look.
      if (verdict.current()) {
        events.warning(state, "NotInForce", verdict.reason());
      }
    }
    for (String warning : verdict.warnings()) {
      log.warn("policy has a warning: policy=\"{}\" warning=\"{}\"", state.id(), warning);
    }
  }
}
