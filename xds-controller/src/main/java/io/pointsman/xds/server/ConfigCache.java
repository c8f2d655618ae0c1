package io.pointsman.xds.server;

import static java.util.Objects.requireNonNull;

import com.google.protobuf.Message;
import io.envoyproxy.controlplane.cache.ConfigWatcher;
import io.envoyproxy.controlplane.cache.DeltaResponse;
import io.envoyproxy.controlplane.cache.DeltaWatch;
import io.envoyproxy.controlplane.cache.DeltaXdsRequest;
import io.envoyproxy.controlplane.cache.Resources.ResourceType;
import io.envoyproxy.controlplane.cache.Response;
import io.envoyproxy.controlplane.cache.Watch;
import io.envoyproxy.controlplane.cache.XdsRequest;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The configuration in force, and the Envoys that wait for the next one. Every Envoy gets the same.
 * Thread-safe.
 *
 * <p>An Envoy gets a listener and routes only after it acknowledged the clusters that belong to
 * them. It does that when they are warm, so no request meets a cluster that is not ready, and an
 * Envoy that refuses clusters keeps the routes that it has.
 *
 * <p>java-control-plane's own {@code SimpleCache} knows no such order, and has two more flaws. It
 * answers an Envoy that refused a configuration with that configuration again, at once and for
 * ever. And with delta it compares a new configuration with the one before, not with what that
 * Envoy accepted, so that after a refusal a resource can be missed.
 */
final class ConfigCache implements ConfigWatcher {
  private final Function<Message, @Nullable EnvoyStream> streams;
  private final Object lock = new Object();

  /** Guarded by the lock. */
  private VersionedConfig config;

  /** By watch; guarded by the lock. */
  private final Map<Object, Waiting> waiting = new LinkedHashMap<>();

  /**
   * @param streams finds the stream on which a request just came
   */
  ConfigCache(VersionedConfig config, Function<Message, @Nullable EnvoyStream> streams) {
    this.config = config;
    this.streams = streams;
  }

  /** Sends a configuration to everyone who has another one. */
  void publish(VersionedConfig next) {
    List<Runnable> answers;
    synchronized (lock) {
      config = next;
      answers = takeAnswers(anyone -> true);
    }
    // Outside the lock: answering runs code of others.
    answers.forEach(Runnable::run);
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
    EnvoyStream stream = streams.apply(requireNonNull(request.v3Request()));
    watch.setStop(() -> forget(watch));
    waitForNews(watch, new WaitingForWorld(watch, stream, knownNames));
    return watch;
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
    watch.setStop(() -> forget(watch));
    waitForNews(
        watch, new WaitingForDelta(watch, streams.apply(requireNonNull(request.v3Request()))));
    return watch;
  }

  /** Answers at once what can be: this watch, or, if it tells of clusters, others of its stream. */
  private void waitForNews(Object watch, Waiting newcomer) {
    List<Runnable> answers;
    synchronized (lock) {
      waiting.put(watch, newcomer);
      EnvoyStream stream = newcomer.stream();
      answers =
          takeAnswers(other -> other == newcomer || (stream != null && stream == other.stream()));
    }
    answers.forEach(Runnable::run);
  }

  private List<Runnable> takeAnswers(Predicate<Waiting> whom) {
    var answers = new ArrayList<Runnable>();
    for (ResourceType type : VersionedConfig.TYPES) {
      Iterator<Waiting> each = waiting.values().iterator();
      while (each.hasNext()) {
        Waiting one = each.next();
        Runnable answer =
            one.type() == type && whom.test(one) && mayHave(one, type) ? one.news(config) : null;
        if (answer != null) {
          each.remove();
          answers.add(answer);
        }
      }
    }
    return answers;
  }

  private boolean mayHave(Waiting one, ResourceType type) {
    EnvoyStream stream = one.stream();
    return type == ResourceType.CLUSTER
        || stream == null
        || config
            .version(ResourceType.CLUSTER)
            .equals(stream.acceptedVersion(ResourceType.CLUSTER));
  }

  private void forget(Object watch) {
    synchronized (lock) {
      waiting.remove(watch);
    }
  }
}
