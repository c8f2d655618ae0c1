package io.pointsman.plugin.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A Kubernetes label selector: requirements joined by commas, each {@code key=value}, {@code
 * key==value}, {@code key!=value}, {@code key in (a,b)}, {@code key notin (a,b)}, {@code key>5},
 * {@code key<5}, {@code key} or {@code !key}. Immutable.
 */
final class LabelSelector {
  private static final int MAX_LENGTH = 1_024;

  /** As long as numbers are that surely fit. */
  private static final int MAX_DIGITS = 18;

  private static final int MAX_WORD = 63;
  private static final int MAX_DOMAIN = 253;

  /** What labels must meet. */
  private sealed interface Requirement {
    boolean holds(Map<String, String> labels);
  }

  /**
   * A label's value is one of several.
   *
   * @param values what the label may be, or may not be; empty where only its presence counts
   * @param negated true if the label must not be there, or not with one of the values
   */
  private record OneOf(String key, Set<String> values, boolean negated) implements Requirement {
    @Override
    public boolean holds(Map<String, String> labels) {
      String value = labels.get(key);
      boolean found = value != null && (values.isEmpty() || values.contains(value));
      return found != negated;
    }
  }

  /**
   * A label's value is a number on one side of another.
   *
   * @param above true if it must be greater, false if less
   */
  private record Beyond(String key, long bound, boolean above) implements Requirement {
    @Override
    public boolean holds(Map<String, String> labels) {
      String value = labels.get(key);
      if (value == null || !isNumber(value)) {
        return false;
      }
      long number = Long.parseLong(value);
      return above ? number > bound : number < bound;
    }
  }

  private final Requirement[] requirements;

  private LabelSelector(List<Requirement> requirements) {
    this.requirements = requirements.toArray(Requirement[]::new);
  }

  /**
   * Parses a selector.
   *
   * @throws IllegalArgumentException if it is none
   */
  static LabelSelector parse(String text) {
    if (text.length() > MAX_LENGTH) {
      throw new IllegalArgumentException("longer than " + MAX_LENGTH + " characters");
    }
    var requirements = new ArrayList<Requirement>();
    int start = 0;
    int depth = 0;
    for (int i = 0; i <= text.length(); i++) {
      char c = i == text.length() ? ',' : text.charAt(i);
      depth += c == '(' ? 1 : c == ')' ? -1 : 0;
      if (c == ',' && (depth == 0 || i == text.length())) {
        requirements.add(requirement(text.substring(start, i).strip()));
        start = i + 1;
      }
    }
    return new LabelSelector(requirements);
  }

  private static Requirement requirement(String text) {
    int equals = text.indexOf('=');
    if (equals >= 0) {
      boolean negated = equals > 0 && text.charAt(equals - 1) == '!';
      boolean twice = text.startsWith("=", equals + 1);
      String value = text.substring(equals + (twice ? 2 : 1)).strip();
      if (negated && twice) {
        throw wrong(text);
      }
      return new OneOf(
          name(text.substring(0, negated ? equals - 1 : equals), text),
          Set.of(value(value, text)),
          negated);
    }
    int beyond = Math.max(text.indexOf('>'), text.indexOf('<'));
    if (beyond >= 0) {
      String bound = text.substring(beyond + 1).strip();
      if (!isNumber(bound)) {
        throw wrong(text);
      }
      String key = name(text.substring(0, beyond), text);
      return new Beyond(key, Long.parseLong(bound), text.charAt(beyond) == '>');
    }
    if (text.endsWith(")")) {
      return set(text);
    }
    boolean negated = text.startsWith("!");
    return new OneOf(name(negated ? text.substring(1) : text, text), Set.of(), negated);
  }

  private static Requirement set(String text) {
    int open = text.indexOf('(');
    String[] words = open < 0 ? new String[0] : text.substring(0, open).strip().split("\\s+");
    if (words.length != 2 || !(words[1].equals("in") || words[1].equals("notin"))) {
      throw wrong(text);
    }
    String list = text.substring(open + 1, text.length() - 1);
    if (list.isBlank()) {
      throw wrong(text);
    }
    var values = new TreeSet<String>();
    for (String value : list.split(",", -1)) {
      values.add(value(value.strip(), text));
    }
    return new OneOf(name(words[0], text), Set.copyOf(values), words[1].equals("notin"));
  }

  /** A word, behind a domain and a slash if it has one. */
  private static String name(String key, String text) {
    String name = key.strip();
    int slash = name.indexOf('/');
    if (!isWord(name.substring(slash + 1)) || (slash >= 0 && !isDomain(name.substring(0, slash)))) {
      throw wrong(text);
    }
    return name;
  }

  private static String value(String value, String text) {
    if (!value.isEmpty() && !isWord(value)) {
      throw wrong(text);
    }
    return value;
  }

  private static boolean isWord(String text) {
    return text.length() <= MAX_WORD
        && hasGoodEnds(text)
        && text.chars().allMatch(LabelSelector::isLabelCharacter);
  }

  private static boolean isDomain(String text) {
    return text.length() <= MAX_DOMAIN
        && hasGoodEnds(text)
        && text.chars().allMatch(c -> isLowerOrDigit(c) || c == '-' || c == '.');
  }

  private static boolean hasGoodEnds(String text) {
    return !text.isEmpty()
        && isLetterOrDigit(text.charAt(0))
        && isLetterOrDigit(text.charAt(text.length() - 1));
  }

  private static boolean isNumber(String text) {
    boolean digits = !text.isEmpty() && text.length() <= MAX_DIGITS;
    for (int i = 0; digits && i < text.length(); i++) {
      digits = text.charAt(i) >= '0' && text.charAt(i) <= '9';
    }
    return digits;
  }

  private static boolean isLabelCharacter(int c) {
    return isLetterOrDigit(c) || c == '-' || c == '_' || c == '.';
  }

  private static boolean isLetterOrDigit(int c) {
    return isLowerOrDigit(c) || (c >= 'A' && c <= 'Z');
  }

  private static boolean isLowerOrDigit(int c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  }

  private static IllegalArgumentException wrong(String requirement) {
    return new IllegalArgumentException("not a label requirement: \"" + requirement + "\"");
  }

  /** True if labels meet every requirement. */
  boolean matches(Map<String, String> labels) {
    for (Requirement requirement : requirements) {
      if (!requirement.holds(labels)) {
        return false;
      }
    }
    return true;
  }
}
