package io.pointsman.e2e.harness;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import io.pointsman.proto.admin.v1.EndpointReport;
import io.pointsman.proto.admin.v1.EndpointsReport;
import io.pointsman.proto.admin.v1.ModelReport;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.NoSuchElementException;

/** One replica of the plugin, in a JVM of its own, on ports it keeps over restarts. */
public final class PluginProcess implements AutoCloseable {
  private static final String MAIN = "io.pointsman.plugin.app.Main";
  private static final Duration START_LIMIT = Duration.ofSeconds(60);

  private final String name;
  private final int grpcPort;
  private final int httpPort;
  private final List<String> flags;
  private final List<String> jvmOptions;
  private final Path log;
  private final HttpGet http = new HttpGet();
  private JavaProcess process;

  private PluginProcess(
      String name,
      int grpcPort,
      int httpPort,
      List<String> flags,
      List<String> jvmOptions,
      Path log) {
    this.name = name;
    this.grpcPort = grpcPort;
    this.httpPort = httpPort;
    this.log = log;
    this.jvmOptions = List.copyOf(jvmOptions);
    this.flags = new ArrayList<>(flags);
    this.flags.add("--grpc-bind-address=127.0.0.1:" + grpcPort);
    this.flags.add("--http-bind-address=127.0.0.1:" + httpPort);
    this.process = launch();
  }

  static PluginProcess start(
      String name,
      int grpcPort,
      int httpPort,
      List<String> flags,
      List<String> jvmOptions,
      Path log) {
    return new PluginProcess(name, grpcPort, httpPort, flags, jvmOptions, log);
  }

  /** Waits until it is ready for requests. */
  public PluginProcess awaitReady() {
    process()
        .awaitReady(
            "answers /readyz with 200",
            START_LIMIT,
            () -> http.get(httpUri() + "/readyz").statusCode() == 200);
    return this;
  }

  /** Starts it again after it has ended; does not wait. */
  public synchronized void restart() {
    if (process.isAlive()) {
      throw new IllegalStateException(name + " still runs");
    }
    process.close();
    process = launch();
  }

  public int grpcPort() {
    return grpcPort;
  }

  /** Where its admin pages are, as {@code http://127.0.0.1:port}. */
  public String httpUri() {
    return "http://127.0.0.1:" + httpPort;
  }

  public int httpPort() {
    return httpPort;
  }

  /** The running JVM, to signal it. */
  public synchronized JavaProcess process() {
    return process;
  }

  /** What it says of its endpoints. */
  public EndpointsReport endpoints() {
    var report = EndpointsReport.newBuilder();
    try {
      JsonFormat.parser().ignoringUnknownFields().merge(get("/debug/endpoints"), report);
    } catch (InvalidProtocolBufferException e) {
      throw new HarnessException(name + ": /debug/endpoints is no EndpointsReport", e);
    }
    return report.build();
  }

  /**
   * What it says of one endpoint.
   *
   * @throws NoSuchElementException if it does not know it
   */
  public EndpointReport endpoint(String address) {
    for (ModelReport model : endpoints().getModelsList()) {
      for (EndpointReport endpoint : model.getEndpointsList()) {
        if (endpoint.getAddress().equals(address)) {
          return endpoint;
        }
      }
    }
    throw new NoSuchElementException(address);
  }

  /** Requests in flight on all endpoints, by this replica's count. */
  public int inFlight() {
    return endpoints().getModelsList().stream()
        .flatMap(model -> model.getEndpointsList().stream())
        .mapToInt(EndpointReport::getInFlight)
        .sum();
  }

  /** A metric, summed up over its labels; 0 if there is none of this name. */
  public double metric(String metric) {
    return get("/metrics")
        .lines()
        .filter(line -> line.startsWith(metric + " ") || line.startsWith(metric + "{"))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** A page of its HTTP port that must answer 200. */
  public String get(String path) {
    return http.body(httpUri() + path);
  }

  @Override
  public void close() {
    process().close();
  }

  private JavaProcess launch() {
    return JavaProcess.start(name, MAIN, flags, jvmOptions, log);
  }
}
