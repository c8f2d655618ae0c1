package io.pointsman.e2e.demo;

import io.pointsman.proto.admin.v1.EndpointReport;
import io.pointsman.proto.admin.v1.EndpointsReport;
import io.pointsman.proto.admin.v1.ModelReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The table of pods: the plugin's word on state and load, the clients' on the rest. */
final class Table {
  private static final String ROW = "%-12s %-21s %-9s %9s %9s %7s %7s %9s %9s";

  private Table() {}

  static List<String> lines(EndpointsReport report, Figures figures) {
    var lines = new ArrayList<String>();
    lines.add(
        ROW.formatted(
            "MODEL",
            "POD",
            "STATE",
            "IN-FLIGHT",
            "REQUESTS",
            "SHARE",
            "ERRORS",
            "P50 ms",
            "P99 ms"));
    for (ModelReport model : report.getModelsList()) {
      long ofModel = 0;
      for (EndpointReport endpoint : model.getEndpointsList()) {
        ofModel += figures.pod(endpoint.getName()).requests();
      }
      for (EndpointReport endpoint : model.getEndpointsList()) {
        lines.add(row(model.getName(), endpoint, figures.pod(endpoint.getName()), ofModel));
      }
    }
    if (figures.withoutPod() > 0) {
      lines.add("requests that ended without a pod: " + figures.withoutPod());
    }
    return lines;
  }

  private static String row(
      String model, EndpointReport endpoint, PodFigures figures, long ofModel) {
    return ROW.formatted(
            model,
            endpoint.getName(),
            state(endpoint),
            endpoint.getInFlight(),
            figures.requests(),
            ofModel == 0
                ? "-"
                : String.format(Locale.ROOT, "%.1f%%", 100.0 * figures.requests() / ofModel),
            figures.errors(),
            millis(figures.quantile(0.5)),
            millis(figures.quantile(0.99)))
        .stripTrailing();
  }

  private static String state(EndpointReport endpoint) {
    return switch (endpoint.getState()) {
      case STATE_READY -> "ready";
      case STATE_NOT_READY -> "not ready";
      case STATE_SET_ASIDE -> "set aside";
      case STATE_PROBATION -> "probation";
      default -> "?";
    };
  }

  static String millis(double value) {
    return Double.isNaN(value) ? "-" : String.format(Locale.ROOT, "%.0f", value);
  }
}
