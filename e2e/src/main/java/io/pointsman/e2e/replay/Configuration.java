package io.pointsman.e2e.replay;

/**
 * One line of the comparison.
 *
 * @param strategy the value of the {@code routing-strategy} header
 * @param replicas plugin replicas that Envoy spreads requests over
 */
record Configuration(String strategy, int replicas) {
  @Override
  public String toString() {
    return strategy + " × " + replicas;
  }
}
