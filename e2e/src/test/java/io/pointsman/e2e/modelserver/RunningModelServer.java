package io.pointsman.e2e.modelserver;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.pointsman.e2e.harness.Ports;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A sample model server that answers at once, for each test, and a client of it. */
abstract class RunningModelServer {
  static final Duration LIMIT = Duration.ofSeconds(20);
  static final String CHAT =
      """
      {"model": "m", "max_tokens": 3, "messages": [{"role": "user", "content": "hello there"}]%s}""";

  private final Ports ports = new Ports();
  final SampleModelServer server =
      new SampleModelServer(
          ServerSettings.instant("m", "n"), InetAddress.getLoopbackAddress(), ports.next());
  final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  @BeforeEach
  void start() {
    server.start();
  }

  @AfterEach
  void stop() {
    server.close();
    ports.close();
  }

  HttpResponse<String> post(String path, String body) throws Exception {
    return client.send(request(path, body), BodyHandlers.ofString());
  }

  HttpResponse<InputStream> open(String body) throws Exception {
    return client.send(request("/v1/chat/completions", body), BodyHandlers.ofInputStream());
  }

  HttpResponse<String> get(String path) throws Exception {
    return client.send(HttpRequest.newBuilder(uri(path)).build(), BodyHandlers.ofString());
  }

  HttpRequest request(String path, String body) {
    return HttpRequest.newBuilder(uri(path))
        .header("content-type", "application/json")
        .timeout(LIMIT)
        .POST(BodyPublishers.ofString(body, StandardCharsets.UTF_8))
        .build();
  }

  URI uri(String path) {
    return URI.create("http://" + server.address() + path);
  }

  static JsonObject json(String text) {
    return JsonParser.parseString(text).getAsJsonObject();
  }

  static JsonElement at(JsonElement json, Object... path) {
    for (Object step : path) {
      json =
          step instanceof Integer index
              ? json.getAsJsonArray().get(index)
              : json.getAsJsonObject().get((String) step);
    }
    return json;
  }
}
