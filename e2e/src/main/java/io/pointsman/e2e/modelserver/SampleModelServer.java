package io.pointsman.e2e.modelserver;

import java.net.InetAddress;
import java.time.Duration;
import java.util.function.Consumer;
import org.eclipse.jetty.io.ConnectionStatistics;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/**
 * A model server without a model. Towards a router it behaves as vLLM does: the OpenAI and
 * Anthropic APIs, streaming and not, usage, vLLM's metrics, prompts computed one after the other, a
 * KV cache that makes a known beginning cheap. Each answer says who served it: header {@code
 * x-served-by} and {@code served_by} in the body. Faults can be switched while it runs.
 *
 * <p>Thousands of streams need no more than a few threads. All methods are thread-safe.
 */
public final class SampleModelServer implements AutoCloseable {
  private static final Duration IDLE_LIMIT = Duration.ofMinutes(10);
  private static final int ACCEPT_QUEUE = 1024;

  private final String address;
  private final Server server;
  private final ServerConnector connector;
  private final Engine engine;
  private final EngineMetrics metrics;
  private final ModelHandler handler;
  private final Faults faults = new Faults();
  private final RequestCounters counters = new RequestCounters();
  private final ConnectionStatistics connections = new ConnectionStatistics();

  /**
   * A server that is not started yet.
   *
   * @param host a loopback address
   * @param port kept over {@link Fault.Refuse} and {@link #heal}
   */
  public SampleModelServer(ServerSettings settings, InetAddress host, int port) {
    String ip = host.getHostAddress();
    address = ip.contains(":") ? "[" + ipv6(ip) + "]:" + port : ip + ":" + port;
    metrics = new EngineMetrics(settings.models().get(0), settings.cacheBlocks());
    var timer = new ThreadTimer("engine-" + port);
    engine = new Engine(settings, timer, metrics);
    handler = new ModelHandler(address, settings, engine, metrics, timer, faults, counters);

    var threads = new QueuedThreadPool(8, 2);
    threads.setName("model-" + port);
    threads.setDaemon(true);
    server = new Server(threads);
    var http = new HttpConfiguration();
    http.setSendServerVersion(false);
    connector = new ServerConnector(server, 0, 1, new HttpConnectionFactory(http));
    connector.setHost(ip);
    connector.setPort(port);
    connector.setAcceptQueueSize(ACCEPT_QUEUE);
    connector.setIdleTimeout(IDLE_LIMIT.toMillis());
    connector.addBean(connections);
    server.addConnector(connector);
    server.setHandler(handler);
  }

  /**
   * Opens the port.
   *
   * @return this
   * @throws IllegalStateException if the port cannot be bound
   */
  public SampleModelServer start() {
    try {
      server.start();
    } catch (Exception e) {
      throw new IllegalStateException("cannot serve on " + address + ": " + e.getMessage(), e);
    }
    return this;
  }

  /** {@code ip:port}, IPv6 in brackets; also this server's name in its answers. */
  public String address() {
    return address;
  }

  /** Switches a fault on, in place of the one before it. */
  public void inject(Fault fault) {
    faults.set(fault);
    if (fault instanceof Fault.Refuse) {
      listen(false);
    } else {
      listen(true);
    }
  }

  /** Switches the fault off; what hung goes on. */
  public void heal() {
    faults.set(null);
    faults.release(Integer.MAX_VALUE);
    listen(true);
  }

  /**
   * Lets hung requests go on, the longest kept first.
   *
   * @return how many there were to let go on, at most {@code count}
   */
  public int release(int count) {
    return faults.release(count);
  }

  /** Requests that hang now. */
  public int hungRequests() {
    return faults.hungRequests();
  }

  /** Is told of each generation request when its body is there, in place of the one before. */
  public void observe(Consumer<ReceivedRequest> observer) {
    handler.observe(observer);
  }

  /** Generation requests ever received. */
  public long requests() {
    return counters.received();
  }

  /** Generation requests received and not ended. */
  public int inFlight() {
    return counters.inFlight();
  }

  /** The most that were in flight at once. */
  public int peakInFlight() {
    return counters.peak();
  }

  /** Connections ever accepted. */
  public long connections() {
    return connections.getConnectionsTotal();
  }

  /** Prompt tokens that were found in the KV cache. */
  public long cachedTokens() {
    return metrics.cachedTokens();
  }

  /** Requests whose client went away before the end. */
  public long abortedRequests() {
    return metrics.abortedRequests();
  }

  /** Stops at once; what runs is cut. */
  @Override
  public void close() {
    try {
      server.stop();
    } catch (Exception e) {
      throw new IllegalStateException("cannot stop the server on " + address, e);
    } finally {
      engine.close();
    }
  }

  private synchronized void listen(boolean open) {
    try {
      if (open && server.isRunning()) {
        connector.start();
      } else if (!open) {
        connector.stop();
      }
    } catch (Exception e) {
      throw new IllegalStateException("cannot open or close " + address, e);
    }
  }

  // Java writes ::1 in full.
  private static String ipv6(String ip) {
    return ip.equals("0:0:0:0:0:0:0:1") ? "::1" : ip;
  }
}
