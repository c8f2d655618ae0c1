package io.pointsman.xds.settings;

import static io.pointsman.xds.settings.Section.INT32;
import static io.pointsman.xds.settings.Section.UINT32;

import io.pointsman.common.ConfigException;
import io.pointsman.common.DurationText;
import io.pointsman.common.YamlNode;
import java.time.Duration;

/**
 * Reads the settings file: names, defaults, ranges, and what must fit together. Ranges are those of
 * Envoy Gateway's resources where it has the field, so that one file serves both modes.
 */
final class SettingsReader {
  private static final Duration OFF = Duration.ZERO;
  private static final Duration MILLISECOND = Duration.ofMillis(1);
  private static final Duration SECOND = Duration.ofSeconds(1);
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration LONGEST = Duration.ofHours(99_999);

  /** The longest that Linux takes for TCP keepalive. */
  private static final Duration TCP_KEEPALIVE_MAX = Duration.ofSeconds(32_767);

  private static final long INT32 = Integer.MAX_VALUE;

  private SettingsReader() {}

  static Settings read(String source, String text) throws ConfigException {
    var root = new Section(YamlNode.parse(source, text).map());
    Gateway gateway = GatewayReader.read(root.section("gateway"));
    var settings =
        new Settings(
            listener(root.section("listener")),
            clientTrafficPolicy(root.section("clientTrafficPolicy")),
            backendTrafficPolicy(root.section("backendTrafficPolicy")),
            envoyPatchPolicy(root.section("envoyPatchPolicy")),
            gatewayPlugin(root.section("gatewayPlugin"), mayFailOpen(gateway)),
            accessLog(root.section("accessLog")),
            gateway);
    root.end();
    checkTogether(root, settings);
    return settings;
  }

  private static Listener listener(Section section) throws ConfigException {
    var listener =
        new Listener(
            section.ip("address", "0.0.0.0"), (int) section.number("port", 1, 65_535, 8888));
    section.end();
    return listener;
  }

  private static ClientTrafficPolicy clientTrafficPolicy(Section section) throws ConfigException {
    Section connection = section.section("connection");
    Section limit = connection.section("connectionLimit");
    Section http2 = section.section("http2");
    Section timeout = section.section("timeout");
    Section http = timeout.section("http");
    var policy =
        new ClientTrafficPolicy(
            new ClientTrafficPolicy.Connection(
                connection.bytes("bufferLimit", 1024, INT32, 4_194_304),
                new ClientTrafficPolicy.ConnectionLimit(limit.number("value", 1, UINT32, 1024))),
            new ClientTrafficPolicy.Http2(
                http2.number("maxConcurrentStreams", 100, INT32, 1024),
                http2.bytes("initialConnectionWindowSize", 65_535, INT32, 1_048_576)),
            new ClientTrafficPolicy.Timeout(
                new ClientTrafficPolicy.Http(
                    http.duration("requestReceivedTimeout", OFF, LONGEST, OFF),
                    http.duration("idleTimeout", OFF, LONGEST, HOUR),
                    http.duration("streamIdleTimeout", OFF, LONGEST, MINUTE.multipliedBy(5)))));
    limit.end();
    connection.end();
    http2.end();
    http.end();
    timeout.end();
    section.end();
    return policy;
  }

  private static BackendTrafficPolicy backendTrafficPolicy(Section section) throws ConfigException {
    Section http2 = section.section("http2");
    var policy =
        new BackendTrafficPolicy(
            circuitBreaker(section.section("circuitBreaker"), 1024),
            new BackendTrafficPolicy.Http2(http2.number("maxConcurrentStreams", 1, INT32, 1024)));
    http2.end();
    section.end();
    return policy;
  }

  /** Breakers with the defaults of Envoy Gateway, but for requests and those that wait. */
  private static CircuitBreaker circuitBreaker(Section section, long requests)
      throws ConfigException {
    var breaker =
        new CircuitBreaker(
            section.number("maxConnections", 0, UINT32, 1024),
            section.number("maxPendingRequests", 0, UINT32, requests),
            section.number("maxParallelRequests", 0, UINT32, requests),
            section.number("maxParallelRetries", 0, UINT32, 1024),
            section.number("maxRequestsPerConnection", 0, UINT32, 0));
    section.end();
    return breaker;
  }

  private static EnvoyPatchPolicy envoyPatchPolicy(Section section) throws ConfigException {
    Section route = section.section("route");
    Section breakers = section.section("circuitBreakers");
    Section perEndpoint = breakers.section("perEndpoint");
    Section connection = section.section("connection");
    var policy =
        new EnvoyPatchPolicy(
            new EnvoyPatchPolicy.Route(
                route.duration("timeout", OFF, LONGEST, SECOND.multipliedBy(120)),
                route.duration("connectTimeout", MILLISECOND, LONGEST, SECOND.multipliedBy(5)),
                route.duration("idleTimeout", OFF, LONGEST, SECOND.multipliedBy(300)),
                route.duration("perTryIdleTimeout", OFF, LONGEST, SECOND.multipliedBy(30)),
                route.number("retries", 0, 10, 0)),
            new EnvoyPatchPolicy.CircuitBreakers(
                breakers.number("maxConnections", 0, UINT32, 1024),
                breakers.number("maxRequests", 0, UINT32, 1024),
                breakers.number("maxPendingRequests", 0, UINT32, 1024),
                breakers.number("maxRetries", 0, UINT32, 3),
                new EnvoyPatchPolicy.PerEndpoint(
                    perEndpoint.number("maxConnections", 0, UINT32, 100))),
            new EnvoyPatchPolicy.Connection(
                connection.bytes("bufferLimit", 1024, UINT32, 1_048_576),
                connection.duration("idleTimeout", OFF, LONGEST, MINUTE),
                tcpKeepalive(connection.section("tcpKeepalive"))),
            section.bool("preserveExternalRequestID", false));
    route.end();
    perEndpoint.end();
    breakers.end();
    connection.end();
    section.end();
    return policy;
  }

  private static TcpKeepalive tcpKeepalive(Section section) throws ConfigException {
    var keepalive =
        new TcpKeepalive(
            section.number("probes", 1, 127, 3),
            section.seconds("idleTime", SECOND, TCP_KEEPALIVE_MAX, MINUTE),
            section.seconds("interval", SECOND, TCP_KEEPALIVE_MAX, SECOND.multipliedBy(10)));
    section.end();
    return keepalive;
  }

  /**
   * Envoy's fallback among an HTTPRoute's backends would let requests pass that the plugin never
   * saw.
   */
  private static boolean mayFailOpen(Gateway gateway) {
    return gateway.destination() != Destination.ENDPOINT_OVERRIDE;
  }

  private static GatewayPlugin gatewayPlugin(Section section, boolean mayFailOpen)
      throws ConfigException {
    Section extProc = section.section("extProc");
    var plugin =
        new GatewayPlugin(
            section.addresses("addresses", new Address("127.0.0.1", 50052)),
            section.addresses("httpAddresses", new Address("127.0.0.1", 8080)),
            section.duration("messageTimeout", MILLISECOND, HOUR, SECOND.multipliedBy(5)),
            section.duration("maxMessageTimeout", OFF, HOUR, MINUTE),
            section.bool("failOpen", mayFailOpen),
            (int) section.number("statusOnError", 500, 504, 503),
            processingMode(section.section("processingMode")),
            new GatewayPlugin.ExtProc(backendSettings(extProc.section("backendSettings"))));
    extProc.end();
    section.end();
    return plugin;
  }

  private static GatewayPlugin.ProcessingMode processingMode(Section section)
      throws ConfigException {
    Section request = section.section("request");
    Section response = section.section("response");
    var mode =
        new GatewayPlugin.ProcessingMode(
            new GatewayPlugin.Request(
                request.choice("body", RequestBodyMode.class, RequestBodyMode.BUFFERED)),
            new GatewayPlugin.Response(
                response.bool("headers", true),
                response.choice("body", ResponseBodyMode.class, ResponseBodyMode.NONE)));
    request.end();
    response.end();
    section.end();
    return mode;
  }

  private static BackendSettings backendSettings(Section section) throws ConfigException {
    Section retry = section.section("retry");
    Section timeout = section.section("timeout");
    Section tcp = timeout.section("tcp");
    Section http2 = section.section("http2");
    Section dns = section.section("dns");
    var settings =
        new BackendSettings(
            circuitBreaker(section.section("circuitBreaker"), 65_536),
            healthCheck(section.section("healthCheck")),
            new BackendSettings.Retry(retry.number("numRetries", 0, 10, 1)),
            new BackendSettings.Timeout(
                new BackendSettings.Tcp(
                    tcp.duration("connectTimeout", MILLISECOND, LONGEST, SECOND))),
            new BackendSettings.Http2(connectionKeepalive(http2.section("connectionKeepalive"))),
            new BackendSettings.Dns(
                dns.duration("dnsRefreshRate", SECOND, LONGEST, SECOND.multipliedBy(5))),
            tcpKeepalive(section.section("tcpKeepalive")));
    retry.end();
    tcp.end();
    timeout.end();
    http2.end();
    dns.end();
    section.end();
    return settings;
  }

  private static BackendSettings.ConnectionKeepalive connectionKeepalive(Section section)
      throws ConfigException {
    var keepalive =
        new BackendSettings.ConnectionKeepalive(
            // The plugin takes a ping each 5 s; a faster one would be answered with GOAWAY.
            section.duration("interval", SECOND.multipliedBy(10), LONGEST, SECOND.multipliedBy(30)),
            section.duration("timeout", MILLISECOND, LONGEST, SECOND.multipliedBy(5)));
    if (keepalive.timeout().compareTo(keepalive.interval()) >= 0) {
      throw section.error(
          "timeout",
          "%s is not less than interval %s, which Envoy Gateway demands"
              .formatted(
                  DurationText.write(keepalive.timeout()),
                  DurationText.write(keepalive.interval())));
    }
    section.end();
    return keepalive;
  }

  private static BackendSettings.HealthCheck healthCheck(Section section) throws ConfigException {
    Duration shortest = Duration.ofMillis(100);
    Section active = section.section("active");
    Section passive = section.section("passive");
    var check =
        new BackendSettings.HealthCheck(
            new BackendSettings.Active(
                active.duration("interval", shortest, HOUR, SECOND),
                active.duration("timeout", shortest, HOUR, SECOND),
                active.number("unhealthyThreshold", 1, INT32, 2),
                active.number("healthyThreshold", 1, INT32, 1)),
            new BackendSettings.Passive(
                passive.number("consecutiveErrors", 0, INT32, 5),
                passive.duration("interval", shortest, HOUR, SECOND),
                passive.duration("baseEjectionTime", shortest, HOUR, SECOND.multipliedBy(5)),
                passive.number("maxEjectionPercent", 0, 100, 50)));
    active.end();
    passive.end();
    section.end();
    return check;
  }

  private static AccessLog accessLog(Section section) throws ConfigException {
    var accessLog = new AccessLog(section.bool("enabled", false));
    section.end();
    return accessLog;
  }

  private static void checkTogether(Section root, Settings settings) throws ConfigException {
    GatewayPlugin plugin = settings.gatewayPlugin();
    if (!plugin.maxMessageTimeout().isZero()
        && plugin.maxMessageTimeout().compareTo(plugin.messageTimeout()) < 0) {
      throw root.section("gatewayPlugin")
          .error(
              "maxMessageTimeout",
              "%s is less than messageTimeout %s: the plugin could only ask for less time than it"
                      .formatted(
                          DurationText.write(plugin.maxMessageTimeout()),
                          DurationText.write(plugin.messageTimeout()))
                  + " has; make it longer, or 0s to switch asking off");
    }
    if (plugin.failOpen() && !mayFailOpen(settings.gateway())) {
      throw root.section("gatewayPlugin")
          .error(
              "failOpen",
              "true lets requests pass that the plugin never saw, since with gateway.destination"
                  + " endpointOverride Envoy then takes any of the backends; make it false");
    }
    EnvoyPatchPolicy pods = settings.envoyPatchPolicy();
    long streams = plugin.extProc().backendSettings().circuitBreaker().maxParallelRequests();
    if (streams < pods.circuitBreakers().maxRequests()) {
      throw root.section("gatewayPlugin")
          .section("extProc")
          .section("backendSettings")
          .section("circuitBreaker")
          .error(
              "maxParallelRequests",
              ("%d is less than envoyPatchPolicy.circuitBreakers.maxRequests %d: each request to a"
                      + " pod holds one stream to the plugin, so that many could never run")
                  .formatted(streams, pods.circuitBreakers().maxRequests()));
    }
    EnvoyPatchPolicy.Route route = pods.route();
    if (!route.timeout().isZero() && route.timeout().compareTo(route.connectTimeout()) <= 0) {
      throw root.section("envoyPatchPolicy")
          .section("route")
          .error(
              "timeout",
              "%s would end a request before connectTimeout %s does; make it longer, or 0s for none"
                  .formatted(
                      DurationText.write(route.timeout()),
                      DurationText.write(route.connectTimeout())));
    }
  }
}
