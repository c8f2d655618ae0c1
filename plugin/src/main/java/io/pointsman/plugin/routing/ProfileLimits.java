package io.pointsman.plugin.routing;

import io.pointsman.plugin.endpoint.Profile;
import org.jspecify.annotations.Nullable;

/**
 * What the requests of one profile may take together.
 *
 * @param model the model that the profile belongs to; for an adapter, its base model
 * @param profile the profile's name
 * @param limits what the profile says
 * @param endpoints how many endpoints take requests now
 */
public record ProfileLimits(String model, String profile, Profile.Limits limits, int endpoints) {
  /** Where no profile applies. */
  static final ProfileLimits NONE = new ProfileLimits("", "", Profile.Limits.NONE, 0);

  /** True if the profile says nothing of limits on requests. */
  public boolean isNone() {
    return limits.requestsPerSecond() == null
        && limits.requestsPerSecondPerReplica() == null
        && limits.requestsInflight() == null;
  }

  /** 0: no limit. */
  public long requestsPerSecond() {
    return orNone(limits.requestsPerSecond());
  }

  /** What all endpoints may take together; 0: no limit. */
  public long requestsPerSecondOfEndpoints() {
    return orNone(limits.requestsPerSecondPerReplica()) * endpoints;
  }

  /** 0: no limit. */
  public long requestsInflight() {
    return orNone(limits.requestsInflight());
  }

  private static long orNone(@Nullable Integer limit) {
    return limit == null ? 0 : limit;
  }
}
