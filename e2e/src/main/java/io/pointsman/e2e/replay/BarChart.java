package io.pointsman.e2e.replay;

import com.google.errorprone.annotations.FormatMethod;
import java.util.List;
import java.util.Locale;

/**
 * Bar charts side by side as one SVG picture: same bars in each panel, a scale of its own for each.
 */
final class BarChart {
  /**
   * One panel.
   *
   * @param title above the bars
   * @param axis what the scale counts, with its unit
   * @param values one for each bar
   * @param line a value to compare with, drawn across; NaN for none
   * @param lineLabel what the line is
   * @param format how a bar's value is written, as for {@link String#format}
   */
  record Panel(
      String title,
      String axis,
      List<Double> values,
      double line,
      String lineLabel,
      String format) {
    Panel {
      values = List.copyOf(values);
    }

    private double top() {
      double max = Double.isNaN(line) ? 0 : line;
      for (double value : values) {
        max = Math.max(max, Double.isNaN(value) ? 0 : value);
      }
      return max;
    }
  }

  private static final int PANEL_WIDTH = 330;
  private static final int LEFT = 62;
  private static final int TOP = 74;
  private static final int PLOT_HEIGHT = 220;
  private static final int PLOT_WIDTH = PANEL_WIDTH - LEFT - 8;
  private static final int BOTTOM = 60;
  private static final int TICKS = 5;
  private static final String[] COLOURS = {"#8d99ae", "#5c7c9c", "#2a9d8f", "#23867a", "#1b6b62"};

  private final String title;
  private final List<String> bars;
  private final List<Panel> panels;
  private final StringBuilder out = new StringBuilder();

  /**
   * A chart.
   *
   * @param bars names below the bars; line by line
   */
  BarChart(String title, List<String> bars, List<Panel> panels) {
    this.title = title;
    this.bars = List.copyOf(bars);
    this.panels = List.copyOf(panels);
    for (Panel panel : panels) {
      if (panel.values().size() != bars.size()) {
        throw new IllegalArgumentException("a value is missing in " + panel.title());
      }
    }
  }

  /** The picture. */
  String svg() {
    out.setLength(0);
    int width = PANEL_WIDTH * panels.size();
    int height = TOP + PLOT_HEIGHT + BOTTOM;
    add(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\""
            + " viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n",
        width, height, width, height);
    add("<rect width=\"%d\" height=\"%d\" fill=\"#ffffff\"/>\n", width, height);
    text(width / 2.0, 24, "middle", "font-size=\"16\" font-weight=\"bold\"", title);
    for (int i = 0; i < panels.size(); i++) {
      add("<g transform=\"translate(%d,0)\">\n", i * PANEL_WIDTH);
      panel(panels.get(i));
      add("</g>\n");
    }
    add("</svg>\n");
    return out.toString();
  }

  private void panel(Panel panel) {
    double step = niceStep(panel.top() / TICKS);
    double scaleTop = Math.max(step, step * Math.ceil(panel.top() * 1.05 / step));
    text(LEFT + PLOT_WIDTH / 2.0, 54, "middle", "font-size=\"14\"", panel.title());
    text(
        0,
        0,
        "middle",
        "transform=\"translate(14,%d) rotate(-90)\"".formatted(TOP + PLOT_HEIGHT / 2),
        panel.axis());
    for (double tick = 0; tick <= scaleTop + step / 2; tick += step) {
      double y = y(tick, scaleTop);
      add(
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#dddddd\"/>\n",
          LEFT, y, LEFT + PLOT_WIDTH, y);
      text(LEFT - 6, y + 4, "end", "", number(tick));
    }
    double slot = (double) PLOT_WIDTH / bars.size();
    for (int i = 0; i < bars.size(); i++) {
      bar(panel, i, slot, scaleTop);
    }
    if (!Double.isNaN(panel.line())) {
      double y = y(panel.line(), scaleTop);
      add(
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"#c0392b\""
              + " stroke-dasharray=\"5 3\"/>\n",
          LEFT, y, LEFT + PLOT_WIDTH, y);
      text(LEFT + 2, y - 4, "start", "fill=\"#c0392b\"", panel.lineLabel());
    }
  }

  private void bar(Panel panel, int index, double slot, double scaleTop) {
    double value = panel.values().get(index);
    double width = slot * 0.7;
    double x = LEFT + slot * index + (slot - width) / 2;
    double middle = x + width / 2;
    double y = y(Double.isNaN(value) ? 0 : value, scaleTop);
    add(
        "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n",
        x, y, width, TOP + PLOT_HEIGHT - y, COLOURS[index % COLOURS.length]);
    String label = Double.isNaN(value) ? "–" : String.format(Locale.ROOT, panel.format(), value);
    text(middle, y - 4, "middle", "font-size=\"11\"", label);
    String[] lines = bars.get(index).split("\n", -1);
    for (int line = 0; line < lines.length; line++) {
      text(middle, TOP + PLOT_HEIGHT + 16 + 13 * line, "middle", "font-size=\"10\"", lines[line]);
    }
  }

  private static double y(double value, double scaleTop) {
    return TOP + PLOT_HEIGHT * (1 - value / scaleTop);
  }

  /** The smallest of 1, 2 and 5 times a power of ten that is not below this. */
  static double niceStep(double least) {
    if (!(least > 0)) {
      return 1;
    }
    double power = Math.pow(10, Math.floor(Math.log10(least)));
    for (double factor : new double[] {1, 2, 5}) {
      if (factor * power >= least * (1 - 1e-9)) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  private static String number(double value) {
    return Math.abs(value - Math.rint(value)) < 1e-9
        ? String.format(Locale.ROOT, "%.0f", value)
        : String.format(Locale.ROOT, "%.1f", value);
  }

  private void text(double x, double y, String anchor, String attributes, String content) {
    add("<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>", x, y, anchor, attributes);
    out.append(content.replace("&", "&amp;").replace("<", "&lt;")).append("</text>\n");
  }

  @FormatMethod
  private void add(String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments));
  }
}
