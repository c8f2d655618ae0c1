package io.pointsman.plugin.extproc;

import static java.util.Objects.requireNonNull;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.blockmap.PrefixSettings;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.HealthSettings;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Pool;
import io.pointsman.plugin.endpoint.Profile;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.prefill.PrefillSettings;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.CandidateView;
import io.pointsman.plugin.routing.RequestView;
import io.pointsman.plugin.routing.Router;
import io.pointsman.plugin.routing.RoutingSettings;
import io.pointsman.plugin.routing.RoutingStrategy;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** The service in a gRPC server of its own, with real router, reader and registry behind it. */
final class ExtProcFixture implements AutoCloseable {
  static final String ADDRESS = "10.0.0.1:8000";

  /** One pod each of two models; the pods' names differ from their addresses. */
  static final Topology TWO_MODELS =
      new Topology(
          List.of(
              model("llama", pod("llama-0", ADDRESS)), model("qwen", pod("qwen-0", "[::1]:9000"))));

  static final Topology ONE_MODEL = new Topology(List.of(model("llama", pod("llama-0", ADDRESS))));

  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final EndpointRegistry registry = new EndpointRegistry(HealthSettings.DEFAULTS, meters);
  private final PrefixIndex prefixes =
      new PrefixIndex(PrefixSettings.DEFAULTS, registry::pools, meters);
  private final Prefiller prefiller;
  final ExternalProcessorService service;

  /** What the strategy {@code hooked} does while it picks. */
  volatile Runnable hook = () -> {};

  private final Budgets budgets;
  private final Server server;
  private final ManagedChannel channel;

  ExtProcFixture(ExtProcSettings settings, Topology topology) {
    this(settings, RoutingSettings.DEFAULTS, topology);
  }

  ExtProcFixture(ExtProcSettings settings, RoutingSettings routing, Topology topology) {
    this(
        settings,
        Authenticator.open(new SimpleMeterRegistry()),
        AuditLog.off(new SimpleMeterRegistry()),
        routing,
        PrefillSettings.DEFAULTS,
        topology);
  }

  /** For the strategy {@code pd}, which all requests go by. */
  ExtProcFixture(PrefillSettings prefill, Topology topology) {
    this(
        ExtProcSettings.DEFAULTS,
        Authenticator.open(new SimpleMeterRegistry()),
        AuditLog.off(new SimpleMeterRegistry()),
        new RoutingSettings("pd", Duration.ZERO, false, 0),
        prefill,
        topology);
  }

  /** Two models for those whom an authenticator lets through; it is not closed with the fixture. */
  ExtProcFixture(Authenticator authenticator) {
    this(ExtProcSettings.DEFAULTS, authenticator, TWO_MODELS);
  }

  ExtProcFixture(ExtProcSettings settings, Authenticator authenticator, Topology topology) {
    this(
        settings,
        authenticator,
        AuditLog.off(new SimpleMeterRegistry()),
        RoutingSettings.DEFAULTS,
        PrefillSettings.DEFAULTS,
        topology);
  }

  ExtProcFixture(Authenticator authenticator, AuditLog audit) {
    this(
        ExtProcSettings.DEFAULTS,
        authenticator,
        audit,
        RoutingSettings.DEFAULTS,
        PrefillSettings.DEFAULTS,
        TWO_MODELS);
  }

  private ExtProcFixture(
      ExtProcSettings settings,
      Authenticator authenticator,
      AuditLog audit,
      RoutingSettings routing,
      PrefillSettings prefill,
      Topology topology) {
    this(settings, authenticator, audit, LimitSettings.DEFAULTS, routing, prefill, topology);
  }

  ExtProcFixture(
      ExtProcSettings settings,
      Authenticator authenticator,
      AuditLog audit,
      LimitSettings limits,
      RoutingSettings routing,
      Topology topology) {
    this(settings, authenticator, audit, limits, routing, PrefillSettings.DEFAULTS, topology);
  }

  private ExtProcFixture(
      ExtProcSettings settings,
      Authenticator authenticator,
      AuditLog audit,
      LimitSettings limits,
      RoutingSettings routing,
      PrefillSettings prefill,
      Topology topology) {
    budgets = Budgets.start(limits, null, "", "", meters);
    prefiller = new Prefiller(prefill, registry, meters);
    registry.apply(topology);
    var catalog =
        new StrategyCatalog(
            List.of(
                new Named("random"),
                new Named("least-request"),
                new Prompted(),
                new Broken(),
                new Hooked(() -> hook.run()),
                requireNonNull(StrategyCatalog.standard().find("pd")),
                requireNonNull(StrategyCatalog.standard().find("session-affinity"))));
    service =
        new ExternalProcessorService(
            settings,
            authenticator,
            audit,
            budgets,
            limits,
            new Router(registry::pools, catalog, routing, prefixes),
            new RequestReader(),
            prefiller,
            registry,
            new RequestMetrics(meters, registry::pools));
    String name = UUID.randomUUID().toString();
    try {
      server =
          InProcessServerBuilder.forName(name).directExecutor().addService(service).build().start();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    channel = InProcessChannelBuilder.forName(name).directExecutor().build();
  }

  ExtProcFixture() {
    this(ExtProcSettings.DEFAULTS, TWO_MODELS);
  }

  static EndpointSpec pod(String name, String address) {
    return new EndpointSpec(
        new EndpointKey(address, 0), name, address, true, null, EndpointSpec.Role.COMBINED);
  }

  static EndpointSpec unready(EndpointSpec pod) {
    return new EndpointSpec(pod.key(), pod.name(), pod.address(), false, null, pod.role());
  }

  static ModelSpec model(String name, EndpointSpec... pods) {
    return new ModelSpec(name, "vllm", List.of(pods), ModelConfig.NONE);
  }

  /** A model with one profile, which says {@code least-request}. */
  static ModelSpec modelWithProfile(String name, String profile, EndpointSpec... pods) {
    var config =
        new ModelConfig(
            null,
            profile,
            Map.of(profile, new Profile(profile, "least-request", Profile.Hints.NONE)));
    return new ModelSpec(name, "vllm", List.of(pods), config);
  }

  /** Opens a stream as Envoy does for one HTTP request. */
  FakeEnvoy open() {
    return new FakeEnvoy(ExternalProcessorGrpc.newStub(channel));
  }

  /** Requests in flight on all endpoints together. */
  int inFlight() {
    return endpoints().stream().mapToInt(Endpoint::inFlight).sum();
  }

  Endpoint endpoint() {
    return endpoints().get(0);
  }

  private List<Endpoint> endpoints() {
    var all = new ArrayList<Endpoint>();
    for (Pool pool : registry.pools().all()) {
      all.addAll(pool.all());
    }
    return all;
  }

  /** Sum of a counter over all series that have these tags. */
  double count(String meter, String... tags) {
    return meters.find(meter).tags(tags).counters().stream().mapToDouble(Counter::count).sum();
  }

  void shutDownNow() {
    server.shutdownNow();
  }

  @Override
  public void close() {
    channel.shutdownNow();
    server.shutdownNow();
    prefiller.close();
    registry.close();
    budgets.close();
  }

  /** Takes the first candidate. */
  private record Named(String name) implements RoutingStrategy {
    @Override
    public boolean needsPrompt() {
      return false;
    }

    @Override
    public int pick(RequestView request, CandidateView candidates) {
      return 0;
    }
  }

  /** Takes the first candidate, but wants to see the prompt. */
  private record Prompted() implements RoutingStrategy {
    @Override
    public String name() {
      return "prompted";
    }

    @Override
    public boolean needsPrompt() {
      return true;
    }

    @Override
    public int pick(RequestView request, CandidateView candidates) {
      return 0;
    }
  }

  /** Takes the first candidate, and does something else in passing. */
  private record Hooked(Runnable hook) implements RoutingStrategy {
    @Override
    public String name() {
      return "hooked";
    }

    @Override
    public boolean needsPrompt() {
      return false;
    }

    @Override
    public int pick(RequestView request, CandidateView candidates) {
      hook.run();
      return 0;
    }
  }

  /** Has a bug. */
  private record Broken() implements RoutingStrategy {
    @Override
    public String name() {
      return "broken";
    }

    @Override
    public boolean needsPrompt() {
      return false;
    }

    @Override
    public int pick(RequestView request, CandidateView candidates) {
      throw new IllegalStateException("bug in a strategy");
    }
  }
}
