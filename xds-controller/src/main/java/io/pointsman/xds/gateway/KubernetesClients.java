package io.pointsman.xds.gateway;

import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.jdkhttp.JdkHttpClientFactory;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.policy.Policies;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Makes clients of the API server. */
public final class KubernetesClients {
  private static final int CONNECT_MS = 5_000;
  private static final int REQUEST_MS = 10_000;
  private static final int FIRST_RECONNECT_MS = 500;

  private KubernetesClients() {}

  /**
   * A client; nothing is sent yet.
   *
   * @param kubeconfig null: as the pod's service account, or by the usual kubeconfig
   * @throws ConfigException if the kubeconfig cannot be used
   */
  public static KubernetesClient open(@Nullable Path kubeconfig) throws ConfigException {
    try {
      Config config =
          kubeconfig == null
              ? Config.autoConfigure(null)
              : Config.fromKubeconfig(kubeconfig.toFile());
      config.setUserAgent(Policies.MANAGER);
      config.setConnectionTimeout(CONNECT_MS);
      config.setRequestTimeout(REQUEST_MS);
      config.setWatchReconnectInterval(FIRST_RECONNECT_MS);
      // Whoever asks knows when to ask again, and wants to hear what is wrong before.
      config.setRequestRetryBackoffLimit(0);
      return new KubernetesClientBuilder()
          .withConfig(config)
          .withHttpClientFactory(new JdkHttpClientFactory())
          .build();
    } catch (KubernetesClientException | IllegalArgumentException e) {
      throw new ConfigException(
          String.valueOf(kubeconfig), 1, "", "not a usable kubeconfig: " + e.getMessage());
    }
  }
}
