package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.client.KubernetesClient;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.common.ConfigException;
import io.pointsman.plugin.endpoint.Discovery;
import io.pointsman.plugin.endpoint.ModelConfigReader;
import io.pointsman.plugin.endpoint.Topology;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes models and endpoints from labelled pods, as the API server knows them.
 *
 * <p>A pod takes requests if it has an address, is Ready, is not being deleted, and no claim says
 * that its model is not in memory. Many changes at once become one topology: the first is taken
 * over at once, and what comes after it every 50 ms at most. While the API server is away, the last
 * known pods stay.
 *
 * <p>Thread-safe once started.
 */
public final class KubernetesDiscovery implements Discovery {
  private static final Logger log = LoggerFactory.getLogger(KubernetesDiscovery.class);

  private static final Duration GAP = Duration.ofMillis(50);
  private static final long LOOK_MS = 250;
  private static final Duration PULSE = Duration.ofSeconds(5);

  /**
   * Where nothing was heard for so long all is listed again. A connection may be lost without
   * either end knowing; API servers themselves let watches last for half an hour and more.
   */
  private static final Duration SILENCE = Duration.ofMinutes(5);

  /** A watch that ends and begins again, as each does every few minutes, is no news. */
  private static final Duration TOLERATED = Duration.ofSeconds(2);

  private final KubernetesSettings settings;
  private final Duration silence;
  private final MeterRegistry meterRegistry;
  private final KubernetesClient client;
  private final ProfileReport report;
  private final PodEvents events;
  private final TopologyBuilder builder;
  private final ApiServerPulse pulse;
  private final SharedTexts shared = new SharedTexts();

  /** By namespace, for all pods with the model label. */
  private final List<PodWatch> watches = new ArrayList<>();

  private final List<PoolWatch> poolWatches = new ArrayList<>();

  /** By what pools say of their pods. */
  private final Map<PoolSpec, PodWatch> watchesOfPools = new ConcurrentHashMap<>();

  private final ScheduledExecutorService thread;
  private final PacedTask publishing;
  private final Gauge current;
  private final Gauge stale;
  private volatile Consumer<Topology> sink = topology -> {};

  /** Since when not all watches work; null while they do. */
  private volatile @Nullable Instant awaySince = Instant.now();

  private volatile boolean known;
  private boolean awayTold;
  private boolean watchingTold;
  private boolean mustReconcile;

  /**
   * @param knownStrategy true for the names that routing strategies have
   * @throws ConfigException if the kubeconfig cannot be used
   */
  public KubernetesDiscovery(
      KubernetesSettings settings, Predicate<String> knownStrategy, MeterRegistry meterRegistry)
      throws ConfigException {
    this(settings, knownStrategy, meterRegistry, SILENCE);
  }

  /**
   * @param silence after which a watch is begun anew
   */
  KubernetesDiscovery(
      KubernetesSettings settings,
      Predicate<String> knownStrategy,
      MeterRegistry meterRegistry,
      Duration silence)
      throws ConfigException {
    this.settings = settings;
    this.silence = silence;
    this.meterRegistry = meterRegistry;
    client = KubernetesClients.open(settings.kubeconfig());
    pulse = new ApiServerPulse(client, PULSE);
    events = new ApiPodEvents(client);
    report = new ProfileReport(events, meterRegistry);
    builder =
        new TopologyBuilder(
            new ProfileChooser(new ModelConfigReader(knownStrategy), settings.keys().config()),
            report);
    thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              var created = new Thread(task, "kubernetes-discovery");
              created.setDaemon(true);
              return created;
            });
    publishing = new PacedTask(thread, GAP, this::publish);
    current =
        Gauge.builder("pointsman.discovery.current", () -> isAway() ? 0 : 1)
            .description("1 if the newest state of the discovery source is in force, else 0")
            .register(meterRegistry);
    stale =
        Gauge.builder("pointsman.discovery.stale.seconds", this::staleSeconds)
            .description("How long the API server has not told of changes; 0 while it does")
            .register(meterRegistry);
  }

  @Override
  public void start(Consumer<Topology> newSink) {
    sink = newSink;
    log.info(
        "looking for pods: api_server={} namespaces={} selector={} inference_pools={}",
        client.getMasterUrl(),
        settings.allNamespaces() ? "all" : namespaces(),
        settings.effectiveSelector(),
        settings.inferencePools());
    for (String name : namespaces()) {
      String namespace = name.isEmpty() ? null : name;
      watches.add(watch(namespace, settings.effectiveSelector(), null));
      if (settings.inferencePools()) {
        poolWatches.add(new PoolWatch(client, namespace, settings.keys(), publishing::ask));
      }
    }
    poolWatches.forEach(PoolWatch::start);
    watches.forEach(watch -> watch.start(publishing::ask));
    var unused = thread.scheduleWithFixedDelay(this::lookSafely, 0, LOOK_MS, TimeUnit.MILLISECONDS);
  }

  private PodWatch watch(@Nullable String namespace, String selector, @Nullable PoolSpec pool) {
    var reader = new PodReader(settings.keys(), shared, settings.keepsLabels(), pool);
    return new PodWatch(client, namespace, selector, new PodStore(reader, publishing::ask));
  }

  /** Where to look; the empty name stands for everywhere. */
  private List<String> namespaces() {
    if (settings.allNamespaces()) {
      return List.of("");
    }
    if (!settings.namespaces().isEmpty()) {
      return settings.namespaces();
    }
    String own = client.getNamespace();
    return List.of(own == null || own.isEmpty() ? "default" : own);
  }

  private void publish() {
    try {
      followPools();
      if (!known && !isAllListed()) {
        return;
      }
      List<PodRecord> pods = new ArrayList<>();
      for (PodWatch watch : allWatches()) {
        if (watch.isListed()) {
          watch.addTo(pods);
        }
      }
      sink.accept(builder.build(pods));
      known = true;
    } catch (RuntimeException e) {
      log.error("pods could not be taken over; the last known ones stay", e);
    }
  }

  /**
   * Pods of a new pool are watched, and those of one that is gone no longer. A pool that changed is
   * a new one; the old one's pods stay until those of the new one are known.
   */
  private void followPools() {
    Set<PoolSpec> wanted = new LinkedHashSet<>();
    poolWatches.forEach(watch -> wanted.addAll(watch.pools()));
    for (PoolSpec pool : wanted) {
      if (!watchesOfPools.containsKey(pool)) {
        PodWatch watch = watch(pool.namespace(), pool.selector(), pool);
        watchesOfPools.put(pool, watch);
        watch.start(publishing::ask);
      }
    }
    if (!watchesOfPools.values().stream().allMatch(PodWatch::isListed)) {
      return;
    }
    for (PoolSpec gone : List.copyOf(watchesOfPools.keySet())) {
      PodWatch watch = wanted.contains(gone) ? null : watchesOfPools.remove(gone);
      if (watch != null) {
        watch.close();
      }
    }
  }

  private List<PodWatch> allWatches() {
    List<PodWatch> all = new ArrayList<>(watches);
    all.addAll(watchesOfPools.values());
    return all;
  }

  private boolean isAllListed() {
    return allWatches().stream().allMatch(PodWatch::isListed)
        && poolWatches.stream().allMatch(PoolWatch::isListed);
  }

  private void lookSafely() {
    try {
      look();
    } catch (RuntimeException e) {
      log.error("watches of pods could not be looked after; trying again", e);
    }
  }

  /** Notices when the API server goes and comes. */
  private void look() {
    if (pulse.isAnswered()) {
      allWatches().stream()
          .filter(watch -> watch.isDueForRestart(TOLERATED, silence))
          .forEach(PodWatch::restart);
      poolWatches.stream()
          .filter(watch -> watch.isDueForRestart(TOLERATED, silence))
          .forEach(PoolWatch::restart);
    }
    boolean watching =
        known && pulse.isAnswered() && allWatches().stream().allMatch(PodWatch::isWatching);
    Instant since = awaySince;
    if (!watching) {
      if (since == null) {
        awaySince = Instant.now();
      } else if (!awayTold && isLong(since)) {
        awayTold = true;
        mustReconcile = known;
        log.warn("pods are not watched, the last known ones stay: reason={}", reason());
      }
    } else if (mustReconcile) {
      // What happened meanwhile is not left to what the server remembers of it.
      mustReconcile = false;
      allWatches().forEach(PodWatch::restart);
    } else if (since != null) {
      awaySince = null;
      if (awayTold || !watchingTold) {
        awayTold = false;
        watchingTold = true;
        log.info("pods are watched: api_server={}", client.getMasterUrl());
      }
    }
  }

  private static boolean isLong(Instant since) {
    return since.plus(TOLERATED).isBefore(Instant.now());
  }

  private boolean isAway() {
    Instant since = awaySince;
    return since != null && (!known || isLong(since));
  }

  private double staleSeconds() {
    Instant since = awaySince;
    return since == null ? 0 : Duration.between(since, Instant.now()).toMillis() / 1e3;
  }

  private String reason() {
    for (PodWatch watch : allWatches()) {
      String error = watch.lastError();
      if (error != null && !watch.isWatching()) {
        return error;
      }
    }
    for (PoolWatch watch : poolWatches) {
      String error = watch.lastError();
      if (error != null && !watch.isListed()) {
        return error;
      }
    }
    return "no answer";
  }

  @Override
  public String status() {
    Instant since = awaySince;
    if (since == null || !isAway()) {
      return "ok";
    }
    if (!known) {
      return "waiting for the first list of pods: " + reason();
    }
    return "the API server tells of no changes since %s; the last known pods stay: %s"
        .formatted(since.truncatedTo(ChronoUnit.SECONDS), reason());
  }

  @Override
  public void close() {
    thread.shutdownNow();
    poolWatches.forEach(PoolWatch::close);
    allWatches().forEach(PodWatch::close);
    events.close();
    pulse.close();
    client.close();
    report.close();
    meterRegistry.remove(current);
    meterRegistry.remove(stale);
  }
}
