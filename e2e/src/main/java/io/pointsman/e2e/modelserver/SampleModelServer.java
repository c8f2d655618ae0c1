package io.pointsman.e2e.modelserver;

import io.pointsman.e2e.modelserver.Disaggregation.Role;
import java.net.InetAddress;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.eclipse.jetty.io.ConnectionStatistics;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.jspecify.annotations.Nullable;

/**
 * A model server without a model. Towards a router it behaves as vLLM does: the OpenAI and
 * Anthropic APIs, streaming and not, usage, vLLM's metrics, prompts computed one after the other, a
 * KV cache that makes a known beginning cheap. Each answer says who served it: header {@code
 * x-served-by} and {@code served_by} in the body. Where it shares requests with others, it keeps
 * strictly to their engine's protocol, and {@code x-kv-transfer} says how the prompt's KV cache
 * came about. Faults can be switched while it runs.
 *
 * <p>Thousands of streams need no more than a few threads. All methods are thread-safe.
 */
public final class SampleModelServer implements AutoCloseable {
  private static final Duration IDLE_LIMIT = Duration.ofMinutes(10);
  private static final int ACCEPT_QUEUE = 1024;

  private final ServerSettings settings;
  private final String address;
  private final Server server;
  private final ServerConnector connector;
  private final @Nullable ServerConnector sideChannel;
  private final Engine engine;
  private final EngineMetrics metrics;
  private final ModelHandler handler;
  private final KvExports exports;
  private final Rooms rooms;
  private final Faults faults = new Faults();
  private final RequestCounters counters = new RequestCounters();
  private final ConnectionStatistics connections = new ConnectionStatistics();

  /**
   * A server that is not started yet and serves whole requests.
   *
   * @param host a loopback address
   * @param port kept over {@link Fault.Refuse} and {@link #heal}
   */
  public SampleModelServer(ServerSettings settings, InetAddress host, int port) {
    this(settings, host, port, 0);
  }

  /**
   * A server that is not started yet.
   *
   * @param host a loopback address
   * @param port kept over {@link Fault.Refuse} and {@link #heal}, as is the other
   * @param sidePort where servers that share requests with this one meet it; not used by one that
   *     serves whole requests
   */
  public SampleModelServer(ServerSettings settings, InetAddress host, int port, int sidePort) {
    this.settings = settings;
    String ip = host.getHostAddress();
    address = ip.contains(":") ? "[" + ipv6(ip) + "]:" + port : ip + ":" + port;
    metrics = new EngineMetrics(settings.models().get(0), settings.cacheBlocks());
    var timer = new ThreadTimer("engine-" + port);
    engine = new Engine(settings, timer, metrics);
    Disaggregation part = settings.disaggregation();
    exports = new KvExports(part.patience().toNanos(), System::nanoTime);
    rooms = new Rooms(part.patience().toMillis());
    handler =
        new ModelHandler(
            address,
            settings,
            engine,
            metrics,
            transfer(part, ip, sidePort),
            timer,
            faults,
            counters);

    var threads = new QueuedThreadPool(8, 2);
    threads.setName("model-" + port);
    threads.setDaemon(true);
    server = new Server(threads);
    connector = connector(ip, port);
    connector.addBean(connections);
    if (part.role() == Role.COMBINED) {
      sideChannel = null;
      server.setHandler(handler);
    } else {
      sideChannel = connector(ip, sidePort);
      server.setHandler(
          new Handler.Sequence(new SideChannel(sideChannel, exports, rooms), handler));
    }
  }

  private ServerConnector connector(String ip, int port) {
    var http = new HttpConfiguration();
    http.setSendServerVersion(false);
    var added = new ServerConnector(server, 0, 1, new HttpConnectionFactory(http));
    added.setHost(ip);
    added.setPort(port);
    added.setAcceptQueueSize(ACCEPT_QUEUE);
    added.setIdleTimeout(IDLE_LIMIT.toMillis());
    server.addConnector(added);
    return added;
  }

  private Transfer transfer(Disaggregation part, String ip, int sidePort) {
    if (part.role() == Role.COMBINED) {
      return (call, requestId) -> Leg.whole(call);
    }
    var client = new KvClient(part.patience());
    return switch (part.protocol()) {
      case VLLM, VLLM_RESPONSE -> new VllmTransfer(part, exports, client, ip, sidePort);
      case SGLANG -> new SglangTransfer(part, rooms, client, ip, sidePort);
      case TRTLLM -> new TrtllmTransfer(part, exports, client, ip, sidePort);
    };
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

  /** Prompts that were computed for other servers. */
  public long prefilledRequests() {
    return counters.ofKind(Leg.Kind.PREFILL);
  }

  /** Requests whose prompt's KV cache came from another server. */
  public long fetchedRequests() {
    return counters.ofKind(Leg.Kind.FETCHED);
  }

  /** Requests whose prompt was computed here though this server's role is to fetch it. */
  public long recomputedRequests() {
    return counters.ofKind(Leg.Kind.RECOMPUTED);
  }

  /** KV caches and rooms that wait for another server. */
  public int waitingTransfers() {
    return exports.held() + rooms.open();
  }

  /** Where other servers meet this one; 0 if it serves whole requests. */
  public int sidePort() {
    return sideChannel == null ? 0 : sideChannel.getPort();
  }

  /** Its part where two servers share a request. */
  public Disaggregation disaggregation() {
    return settings.disaggregation();
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
      for (ServerConnector each : connectors()) {
        if (open && server.isRunning()) {
          each.start();
        } else if (!open) {
          each.stop();
        }
      }
    } catch (Exception e) {
      throw new IllegalStateException("cannot open or close " + address, e);
    }
  }

  private List<ServerConnector> connectors() {
    return sideChannel == null ? List.of(connector) : List.of(connector, sideChannel);
  }

  // Java writes ::1 in full.
  private static String ipv6(String ip) {
    return ip.equals("0:0:0:0:0:0:0:1") ? "::1" : ip;
  }
}
