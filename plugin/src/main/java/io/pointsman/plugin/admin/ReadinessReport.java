package io.pointsman.plugin.admin;

import java.util.List;
import java.util.Map;

/**
 * Whether this replica takes requests, for {@code /readyz}.
 *
 * @param reasons why it is not ready; empty when it is
 * @param details the state of each part, by name, whether it matters for readiness or not
 */
public record ReadinessReport(List<String> reasons, Map<String, String> details) {
  public ReadinessReport {
    reasons = List.copyOf(reasons);
  }

  public boolean isReady() {
    return reasons.isEmpty();
  }
}
