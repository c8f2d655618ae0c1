package io.pointsman.common;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A small HTTP server for what operators and probes ask: metrics, health, look-ups, and a little
 * administration. Exact paths, each with its methods; anything else gets 404 or 405 as JSON.
 * Threads, waiting requests, connections, sizes of headers and bodies and the time one request may
 * take are bounded, so that no client can hold it up for long; bodies of GET and HEAD are never
 * read. Thread-safe.
 */
public final class HttpEndpointServer implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(HttpEndpointServer.class);

  private static final int MAX_THREADS = 8;
  private static final int MAX_WAITING = 64;
  private static final int MAX_BODY_BYTES = 64 << 10;
  private static final HttpReply NOT_FOUND = HttpReply.json(404, "{\"error\":\"not found\"}");
  private static final HttpReply METHOD_NOT_ALLOWED =
      HttpReply.json(405, "{\"error\":\"method not allowed\"}");
  private static final HttpReply TOO_LARGE =
      HttpReply.json(413, "{\"error\":\"the body is too large\"}");
  private static final HttpReply INTERNAL_ERROR =
      HttpReply.json(500, "{\"error\":\"internal error\"}");

  private final HttpServer server;
  private final ThreadPoolExecutor threads;
  private final Map<String, HttpEndpoint> endpoints;

  private HttpEndpointServer(
      HttpServer server, ThreadPoolExecutor threads, Map<String, HttpEndpoint> endpoints) {
    this.server = server;
    this.threads = threads;
    this.endpoints = Map.copyOf(endpoints);
  }

  /**
   * Starts to listen.
   *
   * @param name for threads and logs
   * @param endpoints by exact path, such as {@code /healthz}
   * @throws IOException if the address cannot be bound
   */
  public static HttpEndpointServer start(
      String name, BindAddress address, Map<String, HttpEndpoint> endpoints) throws IOException {
    boundTheJdksServer();
    var threads = threadPool(name);
    var server = HttpServer.create(address.toSocketAddress(), 0);
    var endpointServer = new HttpEndpointServer(server, threads, endpoints);
    server.createContext("/", endpointServer::handle);
    server.setExecutor(threads);
    server.start();
    return endpointServer;
  }

  /** The port it listens on. */
  public int port() {
    return server.getAddress().getPort();
  }

  /** Stops listening and cuts what is in progress. */
  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }

  /**
   * The JDK's server takes its bounds from system properties only, once, when it is first used. By
   * default it lets a client take forever to send a request line, with a thread waiting for it.
   * What an operator gave with -D stays.
   */
  private static void boundTheJdksServer() {
    setIfAbsent("sun.net.httpserver.maxReqTime", "3"); // seconds
    setIfAbsent("sun.net.httpserver.maxRspTime", "30"); // seconds
    setIfAbsent("sun.net.httpserver.maxReqHeaders", "100");
    setIfAbsent("sun.net.httpserver.maxReqHeaderSize", "32768"); // bytes
    setIfAbsent("jdk.httpserver.maxConnections", "256");
    // Without it, Nagle's algorithm and the peer's delayed ACK add 40 ms to small answers.
    setIfAbsent("sun.net.httpserver.nodelay", "true");
  }

  private static void setIfAbsent(String property, String value) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, value);
    }
  }

  /** Requests beyond threads and queue are refused: the JDK's server closes their connections. */
  private static ThreadPoolExecutor threadPool(String name) {
    var count = new AtomicInteger();
    var pool =
        new ThreadPoolExecutor(
            MAX_THREADS,
            MAX_THREADS,
            30,
            TimeUnit.SECONDS,
            new ArrayBlockingQueue<>(MAX_WAITING),
            task -> {
              var thread = new Thread(task, name + "-" + count.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
    pool.allowCoreThreadTimeOut(true);
    return pool;
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      HttpReply reply = answer(exchange);
      var headers = exchange.getResponseHeaders();
      headers.set("Content-Type", reply.contentType());
      switch (reply.status()) {
        case 401 -> headers.set("WWW-Authenticate", "Bearer");
        case 405 -> headers.set("Allow", allowed(exchange));
        case 429, 503 -> headers.set("Retry-After", "1");
        default -> {}
      }
      byte[] body = reply.body();
      if (exchange.getRequestMethod().equals("HEAD")) {
        headers.set("Content-Length", Integer.toString(body.length));
        exchange.sendResponseHeaders(reply.status(), -1);
      } else if (body.length == 0) {
        exchange.sendResponseHeaders(reply.status(), -1);
      } else {
        exchange.sendResponseHeaders(reply.status(), body.length);
        exchange.getResponseBody().write(body);
      }
    }
  }

  private HttpReply answer(HttpExchange exchange) {
    String path = exchange.getRequestURI().getRawPath();
    HttpEndpoint endpoint = endpoints.get(path);
    if (endpoint == null) {
      return NOT_FOUND;
    }
    if (!methods(endpoint).contains(exchange.getRequestMethod())) {
      return METHOD_NOT_ALLOWED;
    }
    try {
      byte[] body = body(exchange);
      return body.length > MAX_BODY_BYTES ? TOO_LARGE : endpoint.answer(call(exchange, body));
    } catch (Exception e) {
      log.error("an HTTP endpoint failed: path={}", path, e);
      return INTERNAL_ERROR;
    }
  }

  /** One byte more than is allowed tells that there is more. */
  private static byte[] body(HttpExchange exchange) throws IOException {
    return switch (exchange.getRequestMethod()) {
      case "GET", "HEAD" -> new byte[0];
      default -> exchange.getRequestBody().readNBytes(MAX_BODY_BYTES + 1);
    };
  }

  private static HttpCall call(HttpExchange exchange, byte[] body) {
    return new HttpCall(
        exchange.getRemoteAddress().getAddress(),
        exchange.getRequestMethod(),
        exchange.getRequestURI().getRawQuery(),
        exchange.getRequestHeaders().getFirst("Authorization"),
        new String(body, UTF_8));
  }

  private String allowed(HttpExchange exchange) {
    HttpEndpoint endpoint = endpoints.get(exchange.getRequestURI().getRawPath());
    return endpoint == null ? "" : String.join(", ", methods(endpoint));
  }

  private static Set<String> methods(HttpEndpoint endpoint) {
    var methods = new TreeSet<>(endpoint.methods());
    if (methods.contains("GET")) {
      methods.add("HEAD");
    }
    return methods;
  }
}
