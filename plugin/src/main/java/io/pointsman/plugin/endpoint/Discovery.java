package io.pointsman.plugin.endpoint;

import java.util.function.Consumer;

/** Finds models and their endpoints and keeps telling about changes until closed. */
public interface Discovery extends AutoCloseable {
  /**
   * Begins to watch. The sink gets the first topology as soon as it is known (before this returns
   * if the source can be read at once) and each later one whole; it is called from one thread at a
   * time.
   *
   * @throws io.pointsman.common.ConfigException if the source can be read at start and is wrong
   */
  void start(Consumer<Topology> sink) throws io.pointsman.common.ConfigException;

  /** Why what was found may be out of date, for the readiness page; {@code ok} when it is not. */
  String status();

  @Override
  void close();
}
