package io.pointsman.e2e;

import io.pointsman.xds.app.Controller;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Reads the xDS controller's own metrics. */
final class XdsMetrics {
  private static final HttpClient HTTP = HttpClient.newHttpClient();

  private XdsMetrics() {}

  /** The value of a series, written with its labels as Prometheus does. */
  static double value(Controller controller, String series)
      throws IOException, InterruptedException {
    var uri = URI.create("http://127.0.0.1:" + controller.httpPort() + "/metrics");
    String metrics = HTTP.send(HttpRequest.newBuilder(uri).build(), BodyHandlers.ofString()).body();
    return metrics
        .lines()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElseThrow(() -> new IllegalStateException("no " + series + " in:\n" + metrics));
  }
}
