package io.pointsman.common;

import java.util.ArrayList;
import java.util.List;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;

/**
 * A value in a YAML (or JSON) settings document that knows where it stands, so that whoever finds
 * it wrong can name the line. Immutable.
 */
public final class YamlNode {
  /** A document as whoever reads it is told of it: its name, and whether errors quote from it. */
  record Source(String name, boolean quoted) {}

  private final Source source;
  private final String path;
  private final Node node;

  YamlNode(Source source, String path, Node node) {
    this.source = source;
    this.path = path;
    this.node = node;
  }

  /**
   * Parses one document.
   *
   * @param source file name for error messages
   * @throws ConfigException if the text is not YAML, is empty or holds several documents
   */
  public static YamlNode parse(String source, String text) throws ConfigException {
    return single(parseAll(source, text));
  }

  private static YamlNode single(List<YamlNode> documents) throws ConfigException {
    if (documents.size() > 1) {
      throw documents.get(1).error("not valid YAML: expected a single document");
    }
    return documents.get(0);
  }

  /**
   * Parses one document that may hold secrets, where they belong or not: errors say where they are
   * and what kind of value stands there, and repeat nothing of the text. Member names are not
   * repeated either, but those that were asked for.
   *
   * @param source file name for error messages
   * @throws ConfigException as {@link #parse}
   */
  public static YamlNode parseUnquoted(String source, String text) throws ConfigException {
    return single(parseAll(new Source(source, false), text));
  }

  /**
   * Parses all documents of a file.
   *
   * @param source file name for error messages
   * @throws ConfigException if the text is not YAML or is empty
   */
  public static List<YamlNode> parseAll(String source, String text) throws ConfigException {
    return parseAll(new Source(source, true), text);
  }

  private static List<YamlNode> parseAll(Source source, String text) throws ConfigException {
    String name = source.name();
    var settings = LoadSettings.builder().setLabel(name).setUseMarks(true).build();
    var documents = new ArrayList<YamlNode>();
    try {
      for (Node root : new Compose(settings).composeAllFromString(text)) {
        documents.add(new YamlNode(source, "", root));
      }
    } catch (MarkedYamlEngineException e) {
      int line = e.getProblemMark().map(mark -> mark.getLine() + 1).orElse(1);
      throw new ConfigException(name, line, "", notYaml(source, e.getProblem()));
    } catch (YamlEngineException e) {
      throw new ConfigException(
          name, 1, "", notYaml(source, firstLine(String.valueOf(e.getMessage()))));
    } catch (StackOverflowError e) {
      // The parser calls itself at each level.
      throw new ConfigException(name, 1, "", "nested too deep");
    }
    if (documents.isEmpty()) {
      throw new ConfigException(name, 1, "", "the file is empty");
    }
    return documents;
  }

  /** The parser's words for what is wrong hold names and characters of the text. */
  private static String notYaml(Source source, String problem) {
    return source.quoted() ? "not valid YAML: " + problem : "not valid YAML";
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("");
  }

  /** Line of this value, counted from 1. */
  public int line() {
    return node.getStartMark().map(mark -> mark.getLine() + 1).orElse(1);
  }

  /** Line at which this scalar's text begins: of a block scalar, the line after its mark. */
  public int textLine() {
    boolean block =
        node instanceof ScalarNode scalar
            && (scalar.getScalarStyle() == ScalarStyle.LITERAL
                || scalar.getScalarStyle() == ScalarStyle.FOLDED);
    return block ? line() + 1 : line();
  }

  /** Where this value stands, as {@code models[1].name}; empty for the document itself. */
  public String path() {
    return path;
  }

  /** An error about this value, for the caller to throw. */
  public ConfigException error(String reason) {
    return new ConfigException(source.name(), line(), path, reason);
  }

  /** True for an explicit null or an empty value. */
  public boolean isNull() {
    return Tag.NULL.equals(node.getTag());
  }

  /** True for a scalar with nothing but spaces in it, such as {@code ""}. */
  public boolean isBlank() {
    return node instanceof ScalarNode scalar && scalar.getValue().isBlank();
  }

  /** True for a scalar with anything else in it. */
  public boolean isText() {
    return node instanceof ScalarNode && !isNull() && !isBlank();
  }

  /** True if this is a mapping. */
  public boolean isMap() {
    return node instanceof MappingNode;
  }

  /** True if this is a list. */
  public boolean isList() {
    return node instanceof SequenceNode;
  }

  /** This value as a mapping. */
  public YamlMap map() throws ConfigException {
    if (node instanceof MappingNode mapping) {
      return new YamlMap(source, path, line(), mapping);
    }
    throw error("expected a mapping of keys to values, found " + kind());
  }

  /** This value as a list. */
  public List<YamlNode> list() throws ConfigException {
    if (!(node instanceof SequenceNode sequence)) {
      throw error("expected a list, found " + kind());
    }
    var items = new ArrayList<YamlNode>();
    for (Node item : sequence.getValue()) {
      items.add(new YamlNode(source, path + "[" + items.size() + "]", item));
    }
    return items;
  }

  /** This scalar's text, not empty; numbers and booleans are taken as they are spelled. */
  public String string() throws ConfigException {
    if (!(node instanceof ScalarNode scalar) || isNull()) {
      throw error("expected a string, found " + kind());
    }
    if (scalar.getValue().isBlank()) {
      throw error("must not be empty");
    }
    return scalar.getValue();
  }

  /** This value as an integer between two bounds, both inclusive. */
  public long integer(long min, long max) throws ConfigException {
    String reason = "expected an integer from " + min + " to " + max + ", found ";
    if (!(node instanceof ScalarNode scalar) || !Tag.INT.equals(node.getTag())) {
      throw error(reason + kind());
    }
    try {
      long value = Long.parseLong(scalar.getValue());
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // Longer than any long: reported below like every other value out of range.
    }
    throw error(reason + quoted(scalar, ""));
  }

  /** This value as a number between two bounds, both inclusive. */
  public double number(double min, double max) throws ConfigException {
    String reason = "expected a number from " + min + " to " + max + ", found ";
    boolean numeric = Tag.INT.equals(node.getTag()) || Tag.FLOAT.equals(node.getTag());
    if (!(node instanceof ScalarNode scalar) || !numeric) {
      throw error(reason + kind());
    }
    try {
      double value = Double.parseDouble(scalar.getValue());
      if (value >= min && value <= max) {
        return value;
      }
    } catch (NumberFormatException e) {
      // YAML has other spellings, such as .inf: reported below like every other one out of range.
    }
    throw error(reason + quoted(scalar, ""));
  }

  /** This value as true or false. */
  public boolean bool() throws ConfigException {
    if (node instanceof ScalarNode scalar && Tag.BOOL.equals(node.getTag())) {
      return Boolean.parseBoolean(scalar.getValue());
    }
    throw error("expected true or false, found " + kind());
  }

  private String kind() {
    if (node instanceof MappingNode) {
      return "a mapping";
    }
    if (node instanceof SequenceNode) {
      return "a list";
    }
    return isNull() ? "nothing" : quoted((ScalarNode) node, "\"");
  }

  private String quoted(ScalarNode scalar, String mark) {
    return source.quoted() ? mark + scalar.getValue() + mark : "another value";
  }
}
