package io.pointsman.plugin.endpoint.kubernetes;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.fabric8.kubernetes.api.model.Pod;
import io.fabric8.kubernetes.api.model.PodBuilder;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An API server for pods that plays what the mock does not: lists in pages, with tokens that
 * expire; watches that end, are refused or fall silent; bookmarks; and versions that are too old.
 * It knows one namespace, no selectors, and only watches by plain HTTP, where a real one speaks web
 * sockets too, as the mock does.
 */
final class PagedApiServer implements AutoCloseable {
  private static final String PODS = "/api/v1/namespaces/" + ApiServer.NAMESPACE + "/pods";
  private static final String END = "";
  private static final int MAX_CHANGES = 10_000;
  private static final String GONE =
      """
      {"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",\
      "message":"too old resource version","reason":"Expired","code":410}""";

  private record Change(long version, String line) {}

  private record Rest(long version, List<String> pods) {}

  private final KubernetesSerialization json = new KubernetesSerialization();
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpServer server;
  private final Map<String, Pod> pods = new LinkedHashMap<>();
  private final List<Change> changes = new ArrayList<>();
  private final Map<String, Rest> rests = new HashMap<>();
  private final List<BlockingQueue<String>> watches = new ArrayList<>();
  private long version = 1_000;
  private long oldest = version;

  /** Sizes of the pages that were given, in order. */
  final List<Integer> pages = new CopyOnWriteArrayList<>();

  /** Versions from which it was asked to tell of changes, in order. */
  final List<Long> watchedFrom = new CopyOnWriteArrayList<>();

  /** Lists that were begun. */
  final AtomicInteger lists = new AtomicInteger();

  /** So many watches are refused with status 403. */
  final AtomicInteger refusals = new AtomicInteger();

  /** So many page tokens expire before they are used. */
  final AtomicInteger expiries = new AtomicInteger();

  /** True: a version that is too old is told by status; else by an event. */
  volatile boolean goneByStatus;

  PagedApiServer() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", exchange -> answer(exchange, 404, "{}"));
    server.createContext("/version", exchange -> answer(exchange, 200, "{\"major\":\"1\"}"));
    server.createContext(PODS, this::pods);
    server.start();
  }

  Path kubeconfig(Path folder) throws IOException {
    return ApiServer.kubeconfig(folder, server.getAddress().getPort());
  }

  /** Creates a pod, or changes it. */
  synchronized void put(PodBuilder pod) {
    set(pod, true);
  }

  /** Ends all watches, and forgets what came before this and the pods that are set now. */
  synchronized void changeUnseen(Map<String, PodBuilder> newPods) {
    endWatches();
    pods.clear();
    newPods.values().forEach(pod -> set(pod, false));
    version++;
    oldest = version;
    changes.clear();
  }

  private void set(PodBuilder builder, boolean told) {
    version++;
    Pod pod =
        builder.editMetadata().withResourceVersion(String.valueOf(version)).endMetadata().build();
    boolean known = pods.put(pod.getMetadata().getName(), pod) != null;
    if (told) {
      tell(known ? "MODIFIED" : "ADDED", json.asJson(pod));
    }
  }

  synchronized void delete(String name) {
    version++;
    Pod gone = new PodBuilder(pods.remove(name)).build();
    gone.getMetadata().setResourceVersion(String.valueOf(version));
    tell("DELETED", json.asJson(gone));
  }

  private void tell(String type, String object) {
    String line = "{\"type\":\"%s\",\"object\":%s}\n".formatted(type, object);
    changes.add(new Change(version, line));
    if (changes.size() > MAX_CHANGES) {
      oldest = changes.get(MAX_CHANGES / 2).version();
      changes.subList(0, MAX_CHANGES / 2).clear();
    }
    watches.forEach(watch -> watch.add(line));
  }

  /** Tells all watches the present version, and returns it. */
  synchronized long bookmark() {
    version++;
    String line = bookmark(version);
    watches.forEach(watch -> watch.add(line));
    return version;
  }

  private static String bookmark(long version) {
    return """
        {"type":"BOOKMARK","object":{"kind":"Pod","apiVersion":"v1",\
        "metadata":{"resourceVersion":"%d"}}}
        """
        .formatted(version);
  }

  /** As a server does after some minutes. */
  synchronized void endWatches() {
    watches.forEach(watch -> watch.add(END));
    watches.clear();
  }

  /** The connections of all watches stay, and nothing comes any more. */
  synchronized void silenceWatches() {
    watches.clear();
  }

  private void pods(HttpExchange exchange) throws IOException {
    Map<String, String> query = query(exchange);
    if ("websocket".equals(exchange.getRequestHeaders().getFirst("Upgrade"))) {
      // Whoever is answered 200 tries again without web sockets.
      answer(exchange, 200, "");
    } else if (query.containsKey("watch")) {
      watch(exchange, Long.parseLong(query.getOrDefault("resourceVersion", "0")));
    } else {
      list(exchange, query);
    }
  }

  private void list(HttpExchange exchange, Map<String, String> query) throws IOException {
    int limit = Integer.parseInt(query.getOrDefault("limit", "1000000"));
    Rest rest = rest(query.get("continue"));
    if (rest == null) {
      answer(exchange, 410, GONE);
      return;
    }
    int size = Math.min(limit, rest.pods().size());
    pages.add(size);
    String token = "";
    if (size < rest.pods().size()) {
      token = "token-" + pages.size();
      var left = List.copyOf(rest.pods().subList(size, rest.pods().size()));
      synchronized (this) {
        rests.put(token, new Rest(rest.version(), left));
      }
    }
    answer(
        exchange,
        200,
        """
        {"kind":"PodList","apiVersion":"v1",\
        "metadata":{"resourceVersion":"%d","continue":"%s"},"items":[%s]}"""
            .formatted(rest.version(), token, String.join(",", rest.pods().subList(0, size))));
  }

  private synchronized @Nullable Rest rest(@Nullable String token) {
    if (token == null || token.isEmpty()) {
      lists.incrementAndGet();
      return new Rest(version, pods.values().stream().map(json::asJson).toList());
    }
    Rest rest = rests.remove(token);
    return expiries.getAndUpdate(left -> Math.max(0, left - 1)) > 0 ? null : rest;
  }

  private void watch(HttpExchange exchange, long from) throws IOException {
    watchedFrom.add(from);
    if (refusals.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
      answer(exchange, 403, GONE.replace("410", "403").replace("Expired", "Forbidden"));
      return;
    }
    BlockingQueue<String> lines = new LinkedBlockingQueue<>();
    synchronized (this) {
      if (from < oldest) {
        if (goneByStatus) {
          answer(exchange, 410, GONE);
          return;
        }
        lines.add("{\"type\":\"ERROR\",\"object\":%s}\n".formatted(GONE));
        lines.add(END);
      } else {
        for (Change change : changes) {
          if (change.version() > from) {
            lines.add(change.line());
          }
        }
        watches.add(lines);
      }
    }
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      // The JDK's server keeps the headers back until there is a body.
      out.write(bookmark(from).getBytes(UTF_8));
      out.flush();
      for (String line = lines.take(); !line.equals(END); line = lines.take()) {
        out.write(line.getBytes(UTF_8));
        out.flush();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static Map<String, String> query(HttpExchange exchange) {
    Map<String, String> query = new HashMap<>();
    String text = exchange.getRequestURI().getQuery();
    for (String pair : text == null ? new String[0] : text.split("&", -1)) {
      int equals = pair.indexOf('=');
      query.put(pair.substring(0, equals), pair.substring(equals + 1));
    }
    return query;
  }

  private static void answer(HttpExchange exchange, int status, String body) throws IOException {
    byte[] bytes = body.getBytes(UTF_8);
    exchange.getResponseHeaders().set("content-type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    endWatches();
    server.stop(0);
    threads.shutdownNow();
  }
}
