package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.api.model.OwnerReference;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.pointsman.xds.policy.Policies;
import io.pointsman.xds.policy.Policy;
import io.pointsman.xds.policy.PolicyId;
import io.pointsman.xds.policy.PolicyKind;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.Settings;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the policies one step nearer to what they should be. It asks the API server what is there
 * each time, so it does not matter what happened before, or how often it is called. For one thread.
 */
final class Keeper {
  private static final Logger log = LoggerFactory.getLogger(Keeper.class);

  /**
   * What a step came to.
   *
   * @param states what is known of each policy that should be there, and of each that should go and
   *     has not yet
   * @param settled whether nothing is left to do
   * @param repaired whether something had been changed behind our back
   * @param refused whether the API server did not take something
   */
  record Step(List<PolicyState> states, boolean settled, boolean repaired, boolean refused) {}

  /** Answers that are about one policy: bad, forbidden, its kind unknown, changed meanwhile. */
  private static final Set<Integer> REFUSALS = Set.of(400, 403, 404, 409, 422);

  private final PolicyApi api;
  private final PolicyMetrics metrics;

  /** What was applied last, to tell a change of the settings from one behind our back. */
  private final Map<PolicyId, Map<String, Object>> applied = new LinkedHashMap<>();

  /** Every policy that may be there. */
  private final Set<PolicyId> known = new LinkedHashSet<>();

  Keeper(PolicyApi api, PolicyMetrics metrics) {
    this.api = api;
    this.metrics = metrics;
  }

  /**
   * Looks, and does what can be done now.
   *
   * @throws KubernetesClientException if the API server does not answer or does not agree
   */
  Step step(Settings settings) {
    List<Policy> desired = Policies.from(settings);
    known.addAll(Policies.ids(settings.gateway()));
    var round = new Round(settings.gateway(), desired);
    round.remove();
    round.apply();
    return new Step(round.states, round.settled, round.repaired, round.refused);
  }

  /** One look at everything. */
  private final class Round {
    private final Gateway gateway;
    private final List<Policy> desired;
    private final List<PolicyState> states = new ArrayList<>();
    private boolean settled = true;
    private boolean repaired;
    private boolean refused;

    Round(Gateway gateway, List<Policy> desired) {
      this.gateway = gateway;
      this.desired = desired;
    }

    /** Deletes what should not be there: the patch first, and all else once it is gone. */
    void remove() {
      List<PolicyId> leaving = new ArrayList<>(known);
      leaving.removeAll(desired.stream().map(Policy::id).toList());
      Collections.reverse(leaving);
      boolean patchGone = true;
      for (PolicyId id : leaving) {
        patchGone &= id.kind() != PolicyKind.PATCH || isGone(id);
      }
      settled &= patchGone;
      for (PolicyId id : leaving) {
        if (patchGone && id.kind() != PolicyKind.PATCH) {
          settled &= isGone(id);
        }
      }
    }

    /** Deletes a policy of ours, and says whether it has gone. */
    private boolean isGone(PolicyId id) {
      Map<String, Object> live = api.get(id);
      if (live == null || !Ownership.isOurs(live)) {
        if (applied.remove(id) != null) {
          log.info("policy deleted: policy=\"{}\"", id);
        }
        known.remove(id);
        return true;
      }
      if (Manifest.at(live, "metadata", "deletionTimestamp") == null) {
        log.info("policy is being deleted: policy=\"{}\"", id);
        api.delete(id);
        if (api.get(id) == null) {
          return isGone(id);
        }
      }
      states.add(PolicyState.absent(id, "Deleting: it should be gone, and is there still"));
      return false;
    }

    /** Applies what should be there, in the order in which it is safe. */
    void apply() {
      if (desired.isEmpty()) {
        return;
      }
      OwnerReference owner = api.owner(gateway);
      boolean headersRemoved = false;
      for (Policy policy : desired) {
        PolicyState state;
        if (policy.id().kind() == PolicyKind.PATCH && !headersRemoved) {
          state = waiting(policy.id());
        } else {
          state = tryToKeep(policy, owner);
        }
        if (policy.id().kind() == PolicyKind.CLIENT_TRAFFIC) {
          headersRemoved = state.verdict().inForce();
        }
        settled &= state.verdict().inForce();
        states.add(state);
      }
    }

    /** The patch is not to obey a header as long as clients may send it. */
    private PolicyState waiting(PolicyId id) {
      Map<String, Object> live = api.get(id);
      return live == null
          ? PolicyState.absent(id, PolicyState.WAITING)
          : PolicyState.of(id, live, Verdict.none(PolicyState.WAITING));
    }

    /** What is wrong with one policy keeps no other from being applied. */
    private PolicyState tryToKeep(Policy policy, @Nullable OwnerReference owner) {
      try {
        return keep(policy, owner);
      } catch (KubernetesClientException e) {
        if (!REFUSALS.contains(e.getCode())) {
          throw e;
        }
        refused = true;
        return PolicyState.absent(policy.id(), "Refused: " + Failures.reason(e));
      }
    }

    private PolicyState keep(Policy policy, @Nullable OwnerReference owner) {
      PolicyId id = policy.id();
      Map<String, Object> live = api.get(id);
      if (live != null && !Ownership.isOurs(live)) {
        return PolicyState.absent(
            id,
            "NotOurs: one that lacks the label %s=%s has this name; remove it, or set"
                    .formatted(Policies.MANAGED_BY, Policies.MANAGER)
                + " gateway.namePrefix");
      }
      if (live != null && Manifest.at(live, "metadata", "deletionTimestamp") != null) {
        return PolicyState.absent(id, "Deleting: somebody deletes it; it will be made anew");
      }
      boolean same = policy.manifest().equals(applied.get(id));
      if (live == null || !same || !isIntact(live, policy, owner)) {
        if (same) {
          repaired = true;
          metrics.repaired(id);
          log.warn(
              "policy was {} behind our back and is put right: policy=\"{}\"",
              live == null ? "deleted" : "changed",
              id);
        }
        live = write(policy, owner);
        applied.put(id, policy.manifest());
      }
      return PolicyState.of(id, live);
    }

    private boolean isIntact(
        Map<String, Object> live, Policy policy, @Nullable OwnerReference owner) {
      return Manifest.covers(live.get("spec"), policy.spec())
          && Manifest.covers(Manifest.at(live, "metadata", "labels"), policy.labels())
          && (owner == null
              || Manifest.list(live, "metadata", "ownerReferences").stream()
                  .anyMatch(has -> Manifest.text(has, "uid").equals(owner.getUid())));
    }

    /** Every field that we apply is ours, whoever has set it; all other fields stay. */
    private Map<String, Object> write(Policy policy, @Nullable OwnerReference owner) {
      try {
        Map<String, Object> live = api.apply(policy, owner, false);
        metrics.applied(policy.id());
        log.info("policy applied: policy=\"{}\"", policy.id());
        return live;
      } catch (KubernetesClientException e) {
        if (!Conflicts.isAboutFields(e)) {
          throw e;
        }
        metrics.conflicted(policy.id());
        log.warn(
            "policy has our fields set by others, which are taken over: policy=\"{}\" fields={}",
            policy.id(),
            Conflicts.fields(e));
        Map<String, Object> live = api.apply(policy, owner, true);
        metrics.applied(policy.id());
        return live;
      }
    }
  }
}
