package io.pointsman.xds.app;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.common.ConfigException;
import io.pointsman.common.HttpEndpointServer;
import io.pointsman.xds.gateway.GatewayPolicies;
import io.pointsman.xds.gateway.KubernetesClients;
import io.pointsman.xds.gateway.LeaseName;
import io.pointsman.xds.server.SettingsFile;
import java.io.IOException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The running controller that keeps Envoy Gateway's policies. Thread-safe. */
public final class GatewayController implements AutoCloseable {
  private final SettingsFile file;
  private final KubernetesClient client;
  private final GatewayPolicies policies;
  private final HttpEndpointServer http;
  private final JvmGcMetrics gcMetrics;

  private GatewayController(
      SettingsFile file,
      KubernetesClient client,
      GatewayPolicies policies,
      HttpEndpointServer http,
      JvmGcMetrics gcMetrics) {
    this.file = file;
    this.client = client;
    this.policies = policies;
    this.http = http;
    this.gcMetrics = gcMetrics;
  }

  /**
   * Reads the settings, then keeps the policies and follows the file. The API server may be away.
   *
   * @param kubeconfig null: as the pod's service account, or by the usual kubeconfig
   * @param lease by which replicas agree who works; null: this one always does
   * @param identity of this replica among them
   * @throws ConfigException if the settings or the kubeconfig cannot be used
   * @throws IOException if the address cannot be bound; says which, by whose flag, and why
   */
  public static GatewayController start(
      Path settings,
      BindAddress httpAddress,
      @Nullable Path kubeconfig,
      @Nullable LeaseName lease,
      String identity)
      throws ConfigException, IOException {
    var registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    SettingsFile file = SettingsFile.read(settings);
    KubernetesClient client = KubernetesClients.open(kubeconfig);
    GatewayPolicies policies =
        GatewayPolicies.start(client, file.settings(), lease, identity, registry);
    try {
      HttpEndpointServer http =
          OperatorPages.serve(httpAddress, registry, () -> readiness(file, policies));
      file.follow(policies);
      return new GatewayController(file, client, policies, http, ProcessMeters.bind(registry));
    } catch (IOException e) {
      policies.close();
      client.close();
      throw e;
    }
  }

  /** Ready means: it works, if not always at what is in the file. */
  private static String readiness(SettingsFile file, GatewayPolicies policies) {
    String problem = file.problem();
    return "ready\nconfig: %s\nsettings: %s\n%s"
        .formatted(
            policies.version(),
            problem == null ? "in force" : "refused: " + problem,
            policies.report());
  }

  /** The port for operators. */
  public int httpPort() {
    return http.port();
  }

  /** The version of the policies that follow from the settings. */
  public String configVersion() {
    return policies.version();
  }

  @Override
  public void close() {
    file.close();
    policies.close();
    client.close();
    http.close();
    gcMetrics.close();
  }
}
