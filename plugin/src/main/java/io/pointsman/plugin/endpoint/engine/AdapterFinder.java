package io.pointsman.plugin.endpoint.engine;

import com.google.gson.Gson;
import com.google.gson.JsonParseException;
import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.endpoint.Endpoint;
import io.pointsman.plugin.endpoint.Pools;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Asks engines at {@code /v1/models} which LoRA adapters they have loaded, where discovery lists
 * none for them. There vLLM and SGLang name the base model of an adapter as its {@code parent};
 * TensorRT-LLM lists no adapters and is not asked. Thread-safe.
 */
public final class AdapterFinder implements AutoCloseable {
  private static final String PATH = "/v1/models";

  /** More than any engine can hold, of a length that requests can give. */
  private static final int MAX_ADAPTERS = 1_000;

  private static final int MAX_NAME_LENGTH = 256;

  private static final Gson GSON = new Gson();

  /** The page, as far as it matters. Filled by its parser. */
  private static final class Page {
    @Nullable List<@Nullable Entry> data;
  }

  private static final class Entry {
    @Nullable String id;
    @Nullable String parent;
  }

  /** One engine and its list. */
  private final class Engine extends PolledEngine {
    Engine(Endpoint endpoint, EngineKind kind, long due) {
      super(endpoint, kind, due);
    }

    @Override
    String page() {
      return endpoint.address() + PATH;
    }

    @Override
    boolean read(byte[] page, long now) {
      List<String> adapters = adapters(page);
      if (adapters == null) {
        return false;
      }
      found.accept(endpoint, adapters);
      return true;
    }
  }

  private final BiConsumer<Endpoint, List<String>> found;
  private final EnginePoller<Engine> poller;

  /**
   * Begins at once.
   *
   * @param found told of the adapters of an endpoint each time that its engine was asked
   */
  public AdapterFinder(
      ScrapeSettings settings,
      Supplier<Pools> pools,
      MeterRegistry registry,
      BiConsumer<Endpoint, List<String>> found) {
    this(settings, pools, registry, found, System::nanoTime);
  }

  AdapterFinder(
      ScrapeSettings settings,
      Supplier<Pools> pools,
      MeterRegistry registry,
      BiConsumer<Endpoint, List<String>> found,
      LongSupplier clock) {
    this.found = found;
    poller = new EnginePoller<>("models", settings, pools, registry, clock, this::engine);
  }

  private @Nullable Engine engine(
      Endpoint endpoint, EngineKind kind, @Nullable Engine known, long now) {
    if (!kind.listsAdapters() || !endpoint.isReady() || endpoint.hasListedAdapters()) {
      return null;
    }
    return known != null && known.kind.equals(kind) ? known : new Engine(endpoint, kind, now);
  }

  /** Names of adapters in the order of the alphabet; null if this is no list of models. */
  static @Nullable List<String> adapters(byte[] json) {
    try {
      Page page = GSON.fromJson(new String(json, StandardCharsets.UTF_8), Page.class);
      if (page == null || page.data == null) {
        return null;
      }
      var names = new TreeSet<String>();
      for (Entry entry : page.data) {
        if (entry != null && isAdapter(entry) && names.size() < MAX_ADAPTERS) {
          names.add(Objects.requireNonNull(entry.id));
        }
      }
      return List.copyOf(names);
    } catch (JsonParseException e) {
      return null;
    }
  }

  private static boolean isAdapter(Entry entry) {
    String id = entry.id;
    String parent = entry.parent;
    boolean named = id != null && !id.isBlank() && id.length() <= MAX_NAME_LENGTH;
    return named && parent != null && !parent.isEmpty() && !parent.equals(id);
  }

  @Override
  public void close() {
    poller.close();
  }
}
