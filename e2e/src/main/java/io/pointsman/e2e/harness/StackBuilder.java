package io.pointsman.e2e.harness;

import io.pointsman.e2e.modelserver.Disaggregation;
import io.pointsman.e2e.modelserver.Disaggregation.Protocol;
import io.pointsman.e2e.modelserver.Disaggregation.Role;
import io.pointsman.e2e.modelserver.ServerSettings;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a {@link Stack} consists of. Not thread-safe. */
public final class StackBuilder {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final String name;
  private final List<ModelServers> models = new ArrayList<>();
  private final List<String> pluginFlags = new ArrayList<>();
  private final List<String> pluginJvmOptions = new ArrayList<>();
  private final EnvoySettings settings = new EnvoySettings();
  private Path target = Path.of("target");
  private Consumer<String> progress = line -> {};
  private int plugins = 1;
  private int envoyPort;
  private boolean kubernetes;

  StackBuilder(String name) {
    this.name = name;
  }

  /**
   * The servers of a model.
   *
   * @param servers how many serve whole requests and belong to no roleset
   * @param rolesets groups that share requests
   */
  record ModelServers(
      String name,
      int servers,
      List<Roleset> rolesets,
      ServerSettings settings,
      InetAddress host,
      @Nullable String config) {}

  /**
   * A group of servers that share requests.
   *
   * @param prefill how many compute prompts
   * @param decode how many generate
   * @param combined how many serve whole requests
   * @param lengths config keys that say for which prompts the first two are, with their values
   */
  public record Roleset(
      String name, int prefill, int decode, int combined, Map<String, Integer> lengths) {
    public Roleset {
      lengths = Map.copyOf(lengths);
    }

    public Roleset(String name, int prefill, int decode) {
      this(name, prefill, decode, 0, Map.of());
    }

    /** The same for prompts of these lengths in tokens, both inclusive. */
    public Roleset forPrompts(int from, int to) {
      return new Roleset(
          name,
          prefill,
          decode,
          combined,
          Map.of("promptLenBucketMinLength", from, "promptLenBucketMaxLength", to));
    }

    /** The same with servers for whole requests. */
    public Roleset withCombined(int servers) {
      return new Roleset(name, prefill, decode, servers, lengths);
    }
  }

  /** Adds a model on some servers that answer without delay. */
  public StackBuilder model(String model, int servers) {
    return model(model, servers, ServerSettings.instant(model));
  }

  /** Adds a model on some servers. */
  public StackBuilder model(String model, int servers, ServerSettings serverSettings) {
    return model(model, servers, serverSettings, InetAddress.getLoopbackAddress(), null);
  }

  /**
   * Adds a model on some servers.
   *
   * @param host the loopback address that they listen on
   * @param config the model's config profiles as JSON, or null
   */
  public StackBuilder model(
      String model,
      int servers,
      ServerSettings serverSettings,
      InetAddress host,
      @Nullable String config) {
    models.add(new ModelServers(model, servers, List.of(), serverSettings, host, config));
    return this;
  }

  /** Adds a model whose servers share requests, and answer without delay. */
  public StackBuilder rolesets(String model, Protocol protocol, Roleset... rolesets) {
    return rolesets(
        model,
        ServerSettings.instant(model)
            .withDisaggregation(new Disaggregation(protocol, Role.COMBINED, PATIENCE)),
        null,
        rolesets);
  }

  /**
   * Adds a model whose servers share requests.
   *
   * @param serverSettings of all of them; each gets its own role
   * @param config the model's config profiles as JSON, or null
   */
  public StackBuilder rolesets(
      String model, ServerSettings serverSettings, @Nullable String config, Roleset... rolesets) {
    models.add(
        new ModelServers(
            model, 0, List.of(rolesets), serverSettings, InetAddress.getLoopbackAddress(), config));
    return this;
  }

  /** How many replicas of the plugin; 1 if this is not called. */
  public StackBuilder plugins(int replicas) {
    plugins = replicas;
    return this;
  }

  /** Flags for every plugin replica, as {@code --name=value}. */
  public StackBuilder pluginFlags(String... flags) {
    pluginFlags.addAll(List.of(flags));
    return this;
  }

  /** Options of every plugin replica's JVM, which go before those that it has anyway. */
  public StackBuilder pluginJvmOptions(String... options) {
    pluginJvmOptions.addAll(List.of(options));
    return this;
  }

  /** One key of the controller's settings; see {@link EnvoySettings#set}. */
  public StackBuilder setting(String path, Object value) {
    settings.set(path, value);
    return this;
  }

  /** The plugin finds its models as pods, by a mock API server, and not in a models file. */
  public StackBuilder kubernetes() {
    kubernetes = true;
    return this;
  }

  /** Envoy's port for clients; a free one if this is not called. */
  public StackBuilder envoyPort(int port) {
    envoyPort = port;
    return this;
  }

  /** Where Envoy's download, configuration and logs go; {@code target} if this is not called. */
  public StackBuilder target(Path folder) {
    target = folder;
    return this;
  }

  /** Told what is being started. */
  public StackBuilder progress(Consumer<String> listener) {
    progress = listener;
    return this;
  }

  /**
   * Starts it all and waits until requests pass.
   *
   * @throws HarnessException if a part does not come up; nothing is left running
   */
  public Stack start() {
    return new Stack(this, StackFolder.claim(target.resolve("stacks"), name));
  }

  Path cache() {
    return target.toAbsolutePath();
  }

  List<ModelServers> models() {
    return models;
  }

  List<String> pluginFlags() {
    return pluginFlags;
  }

  List<String> pluginJvmOptions() {
    return List.copyOf(pluginJvmOptions);
  }

  EnvoySettings settings() {
    return settings.copy();
  }

  Consumer<String> progress() {
    return progress;
  }

  int plugins() {
    return plugins;
  }

  boolean isKubernetes() {
    return kubernetes;
  }

  int envoyPort() {
    return envoyPort;
  }
}
