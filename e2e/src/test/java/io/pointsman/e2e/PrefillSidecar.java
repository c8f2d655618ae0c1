package io.pointsman.e2e;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The proxy that stands beside a vLLM decode pod where the router only names a prefill pod: it has
 * the prompt computed there, and hands the request on with what that pod said. Without the header
 * it hands the request on as it is.
 */
final class PrefillSidecar implements AutoCloseable {
  private static final String PREFILLER = "x-prefiller-host-port";
  private static final List<String> KEPT = List.of("content-type", "x-served-by", "x-kv-transfer");

  private final String decode;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /**
   * @param decode the decode pod, as {@code ip:port}
   */
  PrefillSidecar(int port, String decode) throws IOException {
    this.decode = decode;
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String address() {
    return "127.0.0.1:" + server.getAddress().getPort();
  }

  private void handle(HttpExchange exchange) throws IOException {
    try (exchange) {
      String path = exchange.getRequestURI().getPath();
      String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
      String prefiller = exchange.getRequestHeaders().getFirst(PREFILLER);
      if (prefiller != null) {
        HttpResponse<String> prefilled = post(prefiller, path, prefillBody(body));
        if (prefilled.statusCode() != 200) {
          reply(exchange, prefilled);
          return;
        }
        JsonObject decodeBody = json(body);
        decodeBody.add("kv_transfer_params", json(prefilled.body()).get("kv_transfer_params"));
        body = decodeBody.toString();
      }
      reply(exchange, post(decode, path, body));
    }
  }

  private static String prefillBody(String body) {
    JsonObject json = json(body);
    json.addProperty("max_tokens", 1);
    json.addProperty("stream", false);
    json.remove("stream_options");
    json.add("kv_transfer_params", json("{\"do_remote_decode\": true}"));
    return json.toString();
  }

  private static JsonObject json(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  private HttpResponse<String> post(String to, String path, String body) throws IOException {
    try {
      return http.send(
          HttpRequest.newBuilder(URI.create("http://" + to + path))
              .POST(BodyPublishers.ofString(body))
              .build(),
          BodyHandlers.ofString());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  private static void reply(HttpExchange exchange, HttpResponse<String> from) throws IOException {
    for (String name : KEPT) {
      from.headers().firstValue(name).ifPresent(v -> exchange.getResponseHeaders().set(name, v));
    }
    byte[] bytes = from.body().getBytes(StandardCharsets.UTF_8);
    exchange.sendResponseHeaders(from.statusCode(), bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
