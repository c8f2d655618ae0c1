package io.pointsman.e2e.replay;

/**
 * One line of the comparison.
 *
 * @param strategy the value of the {@code routing-strategy} header
 * @param replicas plugin replicas that Envoy spreads requests over
 */
record Configuration(String strategy, int replicas) {

  /**
   * Reads {@code strategy:replicas}.
   *
   * @throws IllegalArgumentException if it is anything else
   */
  static Configuration parse(String text) {
    int colon = text.lastIndexOf(':');
    try {
      int replicas = Integer.parseInt(text.substring(colon + 1));
      if (colon > 0 && replicas > 0) {
        return new Configuration(text.substring(0, colon), replicas);
      }
    } catch (NumberFormatException e) {
      // Told below.
    }
    throw new IllegalArgumentException("not strategy:replicas: " + text);
  }

  @Override
  public String toString() {
    return strategy + " × " + replicas;
  }
}
