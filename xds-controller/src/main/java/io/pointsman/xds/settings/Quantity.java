package io.pointsman.xds.settings;

/** Numbers of bytes as Kubernetes writes them. */
final class Quantity {
  private static final String SUFFIXES = "KMGTPE";
  private static final int MAX_DIGITS = 18;

  private Quantity() {}

  /** The number of bytes, or -1 if the text is none or too large for a long. */
  static long parse(String text) {
    int digits = 0;
    long number = 0;
    while (digits < text.length() && text.charAt(digits) >= '0' && text.charAt(digits) <= '9') {
      number = number * 10 + (text.charAt(digits) - '0');
      digits++;
      if (digits > MAX_DIGITS) {
        return -1;
      }
    }
    if (digits == 0) {
      return -1;
    }
    String unit = text.substring(digits);
    if (unit.isEmpty()) {
      return number;
    }
    boolean binary = unit.length() == 2 && unit.charAt(1) == 'i';
    int power = SUFFIXES.indexOf(unit.equals("k") ? 'K' : unit.charAt(0));
    // Decimal thousands are a small k in Kubernetes; Ki is the binary one.
    if (power < 0 || (!binary && (unit.length() > 1 || unit.equals("K")))) {
      return -1;
    }
    try {
      long base = binary ? 1024 : 1000;
      for (int i = 0; i <= power; i++) {
        number = Math.multiplyExact(number, base);
      }
      return number;
    } catch (ArithmeticException e) {
      return -1;
    }
  }
}
