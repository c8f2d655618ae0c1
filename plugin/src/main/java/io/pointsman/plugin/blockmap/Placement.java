package io.pointsman.plugin.blockmap;

import org.jspecify.annotations.Nullable;

/**
 * What was newly remembered because a request went to an endpoint; taken back if the endpoint
 * refuses the request. Immutable.
 */
public final class Placement {
  /** Nothing was new. */
  static final Placement NOTHING = new Placement(null);

  private final @Nullable BlockNews news;

  Placement(@Nullable BlockNews news) {
    this.news = news;
  }

  @Nullable BlockNews news() {
    return news;
  }
}
