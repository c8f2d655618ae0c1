package io.pointsman.plugin.routing;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A Kubernetes label selector: requirements joined by commas, each {@code key=value}, {@code
 * key==value}, {@code key!=value}, {@code key in (a,b)}, {@code key notin (a,b)}, {@code key} or
 * {@code !key}. Immutable.
 */
final class LabelSelector {
  private static final int MAX_LENGTH = 1_024;

  /**
   * One requirement.
   *
   * @param values what the label may be, or may not be; empty where only its presence counts
   * @param negated true if the label must not be there, or not with one of the values
   */
  private record Requirement(String key, Set<String> values, boolean negated) {
    boolean holds(Map<String, String> labels) {
      String value = labels.get(key);
      boolean found = value != null && (values.isEmpty() || values.contains(value));
      return found != negated;
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
      return new Requirement(
          name(text.substring(0, negated ? equals - 1 : equals), text),
          Set.of(value(value, text)),
          negated);
    }
    if (text.endsWith(")")) {
      return set(text);
    }
    boolean negated = text.startsWith("!");
    return new Requirement(name(negated ? text.substring(1) : text, text), Set.of(), negated);
  }

  private static Requirement set(String text) {
    int open = text.indexOf('(');
    String[] words = open < 0 ? new String[0] : text.substring(0, open).strip().split(" +");
    if (words.length != 2 || !(words[1].equals("in") || words[1].equals("notin"))) {
      throw wrong(text);
    }
    var values = new TreeSet<String>();
    for (String value : text.substring(open + 1, text.length() - 1).split(",", -1)) {
      values.add(value(value.strip(), text));
    }
    return new Requirement(name(words[0], text), Set.copyOf(values), words[1].equals("notin"));
  }

  private static String name(String key, String text) {
    String name = key.strip();
    if (name.isEmpty() || !name.chars().allMatch(c -> isLabelCharacter(c) || c == '/')) {
      throw wrong(text);
    }
    return name;
  }

  private static String value(String value, String text) {
    if (!value.chars().allMatch(LabelSelector::isLabelCharacter)) {
      throw wrong(text);
    }
    return value;
  }

  private static boolean isLabelCharacter(int c) {
    return (c >= 'a' && c <= 'z')
        || (c >= 'A' && c <= 'Z')
        || (c >= '0' && c <= '9')
        || c == '-'
        || c == '_'
        || c == '.';
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
