package io.pointsman.common;

/**
 * A settings document that cannot be used. The message is one line for an operator: {@code
 * models.yaml:14: models[1].endpoints[0]: expected host:port, found "10.0.0.1"}.
 */
public final class ConfigException extends Exception {
  private static final long serialVersionUID = 1L;

  /**
   * @param source file name as the operator knows it
   * @param line line at fault, counted from 1
   * @param path where in the document, as {@code models[1].name}; empty for the document itself
   * @param reason what is wrong and what was expected
   */
  public ConfigException(String source, int line, String path, String reason) {
    super(oneLine(source + ":" + line + ": " + (path.isEmpty() ? "" : path + ": ") + reason));
  }

  /**
   * For a document that could not be read at all.
   *
   * @param source file name as the operator knows it
   * @param reason what is wrong
   */
  public ConfigException(String source, String reason) {
    super(oneLine(source + ": " + reason));
  }

  /** What was found may span lines, or hold what a terminal takes for a command. */
  private static String oneLine(String message) {
    return message.replaceAll("\\p{Cntrl}+", " ").strip();
  }
}
