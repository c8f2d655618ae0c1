package io.pointsman.xds.gateway;

import io.pointsman.xds.policy.Policies;
import java.util.Map;

/** Whether a policy that is there is one of ours. */
final class Ownership {
  private Ownership() {}

  /** By its label; one that an operator made under the same name is left alone. */
  static boolean isOurs(Map<?, ?> live) {
    return Manifest.text(live, "metadata", "labels", Policies.MANAGED_BY).equals(Policies.MANAGER);
  }
}
