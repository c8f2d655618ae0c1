package io.pointsman.xds.app;

import io.pointsman.common.BindAddress;
import picocli.CommandLine.Option;

/** The option of every command that runs on, and can be asked how it does. Filled by the parser. */
final class HttpOption {
  private static final String DEFAULT = ":8081";

  @Option(
      names = "--http-bind-address",
      paramLabel = "HOST:PORT",
      defaultValue = DEFAULT,
      description =
          "Where /metrics, /healthz and /readyz are; port 0 takes a free one. Default: "
              + DEFAULT
              + ". Environment: POINTSMAN_XDS_HTTP_BIND_ADDRESS.")
  BindAddress address = BindAddress.parse(DEFAULT);
}
