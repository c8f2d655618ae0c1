package io.pointsman.xds.policy;

import io.pointsman.xds.settings.Destination;
import io.pointsman.xds.settings.Gateway;
import io.pointsman.xds.settings.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** All policies that follow from the settings. */
public final class Policies {
  /** The label that says who keeps an object, and its value. */
  public static final String MANAGED_BY = "app.kubernetes.io/managed-by";

  /** Who keeps the policies: the field manager, and the value of {@link #MANAGED_BY}. */
  public static final String MANAGER = "pointsman-xds-controller";

  private Policies() {}

  /**
   * The policies in the order in which they are to be applied: what removes the clients' headers
   * comes first, and the patch that obeys one of them last. Deleting goes the other way.
   */
  public static List<Policy> from(Settings settings) {
    Gateway gateway = settings.gateway();
    var policies = new ArrayList<Policy>();
    if (!gateway.enabled()) {
      return policies;
    }
    policies.add(policy(gateway, client(gateway), ClientPolicy.spec(settings)));
    if (BackendPolicies.hasPlainTargets(gateway)) {
      policies.add(policy(gateway, backend(gateway), BackendPolicies.plain(settings)));
    }
    PolicyId extension = extension(gateway);
    if (gateway.destination() == Destination.ENDPOINT_OVERRIDE) {
      policies.add(policy(gateway, picked(gateway), BackendPolicies.picked(settings)));
    }
    policies.add(policy(gateway, extension, ExtensionPolicy.spec(settings)));
    if (gateway.destination() == Destination.ORIGINAL_DST) {
      policies.add(policy(gateway, patch(gateway), PatchPolicy.spec(settings, extension)));
    }
    return policies;
  }

  /** The names of all policies that any settings with this Gateway and prefix can have. */
  public static List<PolicyId> ids(Gateway gateway) {
    return List.of(
        client(gateway), backend(gateway), picked(gateway), extension(gateway), patch(gateway));
  }

  /** A short name for some policies, which changes with them. */
  public static String version(List<Policy> policies) {
    String text = policies.stream().map(policy -> policy.manifest().toString()).toList().toString();
    return Integer.toHexString(text.hashCode());
  }

  private static PolicyId client(Gateway gateway) {
    return id(PolicyKind.CLIENT_TRAFFIC, gateway, "");
  }

  private static PolicyId backend(Gateway gateway) {
    return id(PolicyKind.BACKEND_TRAFFIC, gateway, "");
  }

  private static PolicyId picked(Gateway gateway) {
    return id(PolicyKind.BACKEND_TRAFFIC, gateway, "-pods");
  }

  private static PolicyId extension(Gateway gateway) {
    return id(PolicyKind.EXTENSION, gateway, "");
  }

  private static PolicyId patch(Gateway gateway) {
    return id(PolicyKind.PATCH, gateway, "");
  }

  private static PolicyId id(PolicyKind kind, Gateway gateway, String suffix) {
    return new PolicyId(kind, gateway.namespace(), gateway.namePrefix() + suffix);
  }

  private static Policy policy(Gateway gateway, PolicyId id, Map<String, Object> spec) {
    var labels = new TreeMap<String, String>(gateway.labels());
    labels.put(MANAGED_BY, MANAGER);
    return new Policy(id, labels, spec);
  }
}
