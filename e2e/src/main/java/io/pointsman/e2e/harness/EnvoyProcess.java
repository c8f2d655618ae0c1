package io.pointsman.e2e.harness;

import java.io.IOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A real Envoy, seen through its admin port. */
public final class EnvoyProcess implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(30);

  private final ChildProcess child;
  private final String admin;
  private final HttpGet http = new HttpGet();

  private EnvoyProcess(ChildProcess child, int adminPort) {
    this.child = child;
    this.admin = "http://127.0.0.1:" + adminPort;
  }

  /**
   * Starts Envoy and returns at once.
   *
   * @param envoy from {@link EnvoyBinary#find}
   * @param bootstrap a bootstrap file whose admin address is 127.0.0.1 and {@code adminPort}
   * @param log appended to
   */
  public static EnvoyProcess start(Path envoy, Path bootstrap, int adminPort, Path log) {
    var command =
        List.of(
            envoy.toString(),
            "--config-path",
            bootstrap.toString(),
            "--concurrency",
            "2",
            "--disable-hot-restart",
            "--drain-strategy",
            "immediate",
            "--log-level",
            "info");
    return new EnvoyProcess(ChildProcess.start("envoy", command, Map.of(), log), adminPort);
  }

  /** Waits until Envoy has all of its first configuration and listens. */
  public EnvoyProcess awaitReady() {
    child.awaitReady("answers /ready with 200", START_LIMIT, this::isReady);
    return this;
  }

  /** Waits until a condition about this Envoy holds; a failure shows the log's end. */
  public void awaitUntil(String what, Duration limit, Await.Condition condition) {
    child.awaitReady(what, limit, condition);
  }

  /** True once Envoy serves. */
  public boolean isReady() throws IOException {
    return http.get(admin + "/ready").statusCode() == 200;
  }

  /** The admin address, as {@code http://127.0.0.1:port}. */
  public String adminUri() {
    return admin;
  }

  /** Everything Envoy is configured with, endpoints included, as JSON. */
  public String configDump() {
    return http.body(admin + "/config_dump?include_eds");
  }

  /** One counter or gauge; 0 if Envoy does not know it (yet). */
  public long stat(String name) {
    return stats("^" + name.replace(".", "\\.") + "$").getOrDefault(name, 0L);
  }

  /** Counters and gauges whose names match a regular expression. */
  public Map<String, Long> stats(String regex) {
    String query = "?filter=" + URLEncoder.encode(regex, StandardCharsets.UTF_8);
    var values = new HashMap<String, Long>();
    for (String line : http.body(admin + "/stats" + query).split("\n", -1)) {
      int colon = line.lastIndexOf(": ");
      if (colon > 0 && line.substring(colon + 2).chars().allMatch(Character::isDigit)) {
        values.put(line.substring(0, colon), Long.parseUnsignedLong(line.substring(colon + 2)));
      }
    }
    return values;
  }

  public boolean isAlive() {
    return child.isAlive();
  }

  /** Sends SIGKILL and waits for the end. */
  public void kill() {
    child.kill();
  }

  /** The last lines of its log. */
  public String logTail() {
    return child.logTail();
  }

  @Override
  public void close() {
    child.close();
  }
}
