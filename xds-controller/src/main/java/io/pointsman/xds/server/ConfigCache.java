package io.pointsman.xds.server;

import io.envoyproxy.controlplane.cache.ConfigWatcher;
import io.envoyproxy.controlplane.cache.DeltaResponse;
import io.envoyproxy.controlplane.cache.DeltaWatch;
import io.envoyproxy.controlplane.cache.DeltaXdsRequest;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.Response;
import io.envoyproxy.controlplane.cache.VersionedResource;
import io.envoyproxy.controlplane.cache.Watch;
import io.envoyproxy.controlplane.cache.WatchCancelledException;
import io.envoyproxy.controlplane.cache.XdsRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The configuration in force, and the Envoys that wait for the next one. Every Envoy gets the same.
 * Thread-safe.
 *
 * <p>java-control-plane's own {@code SimpleCache} is not used for two reasons. It answers an Envoy
 * that refused a configuration with that configuration again, at once and for ever. And with delta
 * it compares a new configuration with the one before, not with what that Envoy accepted, so that
 * after a refusal a resource can be missed.
 */
final class ConfigCache implements ConfigWatcher {
  private static final Logger log = LoggerFactory.getLogger(ConfigCache.class);

  private final Function<DiscoveryRequest, @Nullable String> refusedVersion;
  private final Object lock = new Object();

  /** Guarded by the lock, like the waiting Envoys below. */
  private VersionedConfig config;

  /** With the version that each has, or has refused. */
  private final Map<Watch, String> watches = new LinkedHashMap<>();

  private final List<DeltaWatch> deltaWatches = new ArrayList<>();

  /**
   * @param refusedVersion the version that a state-of-the-world request refuses, or null if it
   *     refuses none; the request itself names only the one accepted before
   */
  ConfigCache(VersionedConfig config, Function<DiscoveryRequest, @Nullable String> refusedVersion) {
    this.config = config;
    this.refusedVersion = refusedVersion;
  }

  /** Sends a configuration to everyone who has another one. */
  void publish(VersionedConfig next) {
    var answers = new ArrayList<Runnable>();
    synchronized (lock) {
      config = next;
      for (ResourceType type : VersionedConfig.TYPES) {
        takeWatches(type, next, answers);
        takeDeltaWatches(type, next, answers);
      }
    }
    // Outside the lock: answering runs code of others.
    answers.forEach(Runnable::run);
  }

  private void takeWatches(ResourceType type, VersionedConfig next, List<Runnable> answers) {
    Iterator<Map.Entry<Watch, String>> open = watches.entrySet().iterator();
    while (open.hasNext()) {
      Map.Entry<Watch, String> entry = open.next();
      Watch watch = entry.getKey();
      if (watch.request().getResourceType() == type
          && !entry.getValue().equals(next.version(type))) {
        open.remove();
        answers.add(() -> answer(watch, next));
      }
    }
  }

  private void takeDeltaWatches(ResourceType type, VersionedConfig next, List<Runnable> answers) {
    Iterator<DeltaWatch> open = deltaWatches.iterator();
    while (open.hasNext()) {
      DeltaWatch watch = open.next();
      if (watch.request().getResourceType() == type) {
        var news = new News(watch, next);
        if (!news.isEmpty()) {
          open.remove();
          answers.add(() -> answer(watch, news));
        }
      }
    }
  }

  @Override
  public Watch createWatch(
      boolean ads,
      XdsRequest request,
      Set<String> knownNames,
      Consumer<Response> consumer,
      boolean hasClusterChanged,
      boolean allowDefaultEmptyEdsUpdate) {
    var watch = new Watch(ads, allowDefaultEmptyEdsUpdate, request, consumer);
    String refused = refusedVersion.apply(request.v3Request());
    VersionedConfig now;
    synchronized (lock) {
      now = config;
      String seen = refused == null ? request.getVersionInfo() : refused;
      boolean asksForMore = refused == null && asksForMore(request, knownNames, now);
      if (!asksForMore && seen.equals(now.version(request.getResourceType()))) {
        watches.put(watch, seen);
        watch.setStop(() -> forget(watch));
        return watch;
      }
    }
    answer(watch, now);
    return watch;
  }

  private static boolean asksForMore(
      XdsRequest request, Set<String> knownNames, VersionedConfig now) {
    Set<String> have = now.resources(request.getResourceType()).keySet();
    return request.getResourceNamesList().stream()
        .anyMatch(name -> have.contains(name) && !knownNames.contains(name));
  }

  @Override
  public DeltaWatch createDeltaWatch(
      DeltaXdsRequest request,
      String lastSentVersion,
      Map<String, String> acceptedVersions,
      Set<String> pendingNames,
      boolean isWildcard,
      Consumer<DeltaResponse> consumer,
      boolean hasClusterChanged) {
    var watch =
        new DeltaWatch(
            request,
            Map.copyOf(acceptedVersions),
            Set.copyOf(pendingNames),
            lastSentVersion,
            isWildcard,
            consumer);
    News news;
    synchronized (lock) {
      news = new News(watch, config);
      boolean refusedThis = request.hasErrorDetail() && news.version.equals(lastSentVersion);
      if (news.isEmpty() || refusedThis) {
        deltaWatches.add(watch);
        watch.setStop(() -> forget(watch));
        return watch;
      }
    }
    answer(watch, news);
    return watch;
  }

  private void forget(Watch watch) {
    synchronized (lock) {
      watches.remove(watch);
    }
  }

  private void forget(DeltaWatch watch) {
    synchronized (lock) {
      deltaWatches.remove(watch);
    }
  }

  private static void answer(Watch watch, VersionedConfig config) {
    XdsRequest request = watch.request();
    ResourceType type = request.getResourceType();
    try {
      watch.respond(
          Response.create(
              request,
              config.messages(type, request.getResourceNamesList()),
              config.version(type)));
    } catch (WatchCancelledException e) {
      log.debug("an Envoy went before it was answered: type={}", type);
    }
  }

  private static void answer(DeltaWatch watch, News news) {
    try {
      watch.respond(
          DeltaResponse.create(watch.request(), news.changed, news.removed, news.version));
    } catch (WatchCancelledException e) {
      log.debug("an Envoy went before it was answered: type={}", watch.request().getTypeUrl());
    }
  }

  /** What a configuration has that a waiting Envoy has not accepted yet. */
  private static final class News {
    private final String version;
    private final Map<String, VersionedResource<?>> changed = new HashMap<>();
    private final List<String> removed = new ArrayList<>();

    News(DeltaWatch watch, VersionedConfig config) {
      ResourceType type = watch.request().getResourceType();
      Map<String, VersionedResource<?>> resources = config.resources(type);
      version = config.version(type);
      resources.forEach(
          (name, resource) -> {
            String accepted = watch.trackedResources().get(name);
            boolean follows = accepted != null || watch.isWildcard();
            boolean differs = follows && !resource.version().equals(accepted);
            // Who asks for a name anew gets it even if it had it before: it may have dropped it.
            if (differs || watch.pendingResources().contains(name)) {
              changed.put(name, resource);
            }
          });
      for (String name : watch.trackedResources().keySet()) {
        if (!resources.containsKey(name)) {
          removed.add(name);
        }
      }
    }

    boolean isEmpty() {
      return changed.isEmpty() && removed.isEmpty();
    }
  }
}
