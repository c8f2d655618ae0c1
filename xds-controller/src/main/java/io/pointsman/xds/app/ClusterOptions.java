package io.pointsman.xds.app;

import io.pointsman.xds.gateway.LeaseName;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Options of every command that works on a cluster. Filled by the parser. */
final class ClusterOptions {
  @Option(
      names = "--kubeconfig",
      paramLabel = "FILE",
      description =
          "How to reach the API server. Default: as the pod's service account, or by the usual"
              + " kubeconfig. Environment: POINTSMAN_XDS_KUBECONFIG.")
  @Nullable Path kubeconfig;

  @Option(
      names = "--leader-election-lease",
      paramLabel = "NAMESPACE/NAME",
      description =
          "Lease by which replicas agree who works; without it this one always does. Environment:"
              + " POINTSMAN_XDS_LEADER_ELECTION_LEASE.")
  @Nullable LeaseName lease;
}
