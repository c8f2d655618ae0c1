package io.pointsman.xds.gateway;

/** Names a Lease: {@code namespace/name}. */
public record LeaseName(String namespace, String name) {

  /**
   * Reads one.
   *
   * @throws IllegalArgumentException if the text is none
   */
  public static LeaseName parse(String text) {
    String[] parts = text.split("/", -1);
    if (parts.length != 2 || parts[0].isBlank() || parts[1].isBlank()) {
      throw new IllegalArgumentException("expected NAMESPACE/NAME, found \"%s\"".formatted(text));
    }
    return new LeaseName(parts[0], parts[1]);
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
