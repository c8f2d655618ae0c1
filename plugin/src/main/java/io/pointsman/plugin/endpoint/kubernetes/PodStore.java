package io.pointsman.plugin.endpoint.kubernetes;

import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.informers.cache.Cache;
import io.fabric8.kubernetes.client.informers.cache.ItemStore;
import java.util.Collection;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What an informer remembers of its pods: a small record of each. Where the informer wants a pod
 * back it gets one that has a name and a version only, which is all it looks at. Thread-safe.
 */
final class PodStore implements ItemStore<Pod> {
  /**
   * @param record null if the pod names no model
   */
  private record Entry(String name, String namespace, String version, @Nullable PodRecord record) {
    Pod pod() {
      return new PodBuilder()
          .withMetadata(
              new ObjectMetaBuilder()
                  .withName(name)
                  .withNamespace(namespace)
                  .withResourceVersion(version)
                  .build())
          .build();
    }
  }

  private final Map<String, Entry> entries = new ConcurrentHashMap<>();
  private final PodReader reader;
  private final Runnable onChange;

  /** When something was heard last, by {@link System#nanoTime}. */
  private volatile long heardNanos = System.nanoTime();

  /**
   * @param onChange called whenever a pod came, went or changed in what its record tells
   */
  PodStore(PodReader reader, Runnable onChange) {
    this.reader = reader;
    this.onChange = onChange;
  }

  /** Nanoseconds since an informer told of a pod. */
  long silentNanos() {
    return System.nanoTime() - heardNanos;
  }

  /** Adds every pod that names a model. */
  void addTo(Collection<PodRecord> records) {
    for (Entry entry : entries.values()) {
      if (entry.record() != null) {
        records.add(entry.record());
      }
    }
  }

  @Override
  public String getKey(Pod pod) {
    return Cache.metaNamespaceKeyFunc(pod);
  }

  @Override
  public @Nullable Pod put(String key, Pod pod) {
    heardNanos = System.nanoTime();
    String version = pod.getMetadata().getResourceVersion();
    PodRecord record = reader.read(pod);
    var entry =
        new Entry(
            pod.getMetadata().getName(),
            record == null ? pod.getMetadata().getNamespace() : record.namespace(),
            version == null ? "" : version,
            record);
    Entry before = entries.put(key, entry);
    PodRecord recordBefore = before == null ? null : before.record();
    if (!Objects.equals(recordBefore, record)) {
      onChange.run();
    }
    return before == null ? null : before.pod();
  }

  @Override
  public @Nullable Pod remove(String key) {
    heardNanos = System.nanoTime();
    Entry before = entries.remove(key);
    if (before == null) {
      return null;
    }
    if (before.record() != null) {
      onChange.run();
    }
    return before.pod();
  }

  @Override
  public Stream<String> keySet() {
    return entries.keySet().stream();
  }

  @Override
  public Stream<Pod> values() {
    return entries.values().stream().map(Entry::pod);
  }

  @Override
  public int size() {
    return entries.size();
  }

  @Override
  public @Nullable Pod get(String key) {
    Entry entry = entries.get(key);
    return entry == null ? null : entry.pod();
  }
}
