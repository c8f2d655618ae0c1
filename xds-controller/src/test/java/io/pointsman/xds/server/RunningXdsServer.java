package io.pointsman.xds.server;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.common.ConfigException;
import io.pointsman.xds.settings.Settings;
import java.io.IOException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A server with the default settings on a free port, for each test. */
abstract class RunningXdsServer {
  static final BindAddress ANY = new BindAddress("127.0.0.1", 0);
  static final String OTHER_ROUTE = "envoyPatchPolicy: {route: {idleTimeout: 77s}}";
  static final String OTHER_LISTENER = "gatewayPlugin: {messageTimeout: 7s}";
  static final String OTHER_PLUGIN = "gatewayPlugin: {addresses: ['127.0.0.1:%d']}";
  static final String OTHER_PODS = "envoyPatchPolicy: {circuitBreakers: {maxRequests: 7}}";

  final SimpleMeterRegistry registry = new SimpleMeterRegistry();
  XdsServer server;

  @BeforeEach
  void start() throws IOException {
    server = XdsServer.start(ANY, Settings.defaults(), registry);
  }

  @AfterEach
  void stop() {
    server.close();
  }

  void publish(String settings) throws ConfigException {
    server.publish(Settings.parse("s.yaml", settings), System.nanoTime());
  }

  AdsClient client(boolean delta) {
    return new AdsClient(server.port(), delta);
  }

  double count(String name, String type) {
    return registry.get(name).tag("type", type).counter().count();
  }
}
