package io.pointsman.e2e.demo;

import java.io.PrintStream;
import java.util.List;

/**
 * Shows a block of lines again and again: in place on a terminal, one after the other elsewhere.
 */
final class Screen {
  private static final String CLEAR_BELOW = "\u001b[J";

  private final PrintStream out;
  private final boolean terminal;
  private int shown;

  Screen(PrintStream out, boolean terminal) {
    this.out = out;
    this.terminal = terminal;
  }

  void show(List<String> lines) {
    var text = new StringBuilder();
    if (terminal && shown > 0) {
      text.append("\u001b[%dA".formatted(shown)).append(CLEAR_BELOW);
    } else if (shown > 0) {
      text.append('\n');
    }
    lines.forEach(line -> text.append(line).append('\n'));
    out.print(text);
    out.flush();
    shown = lines.size();
  }
}
