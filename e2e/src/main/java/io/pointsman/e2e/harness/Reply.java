package io.pointsman.e2e.harness;

import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * An answer as the client got it.
 *
 * @param headers by name, in any case
 * @param body whole body, of a stream all its events
 * @param millis from sending the request to the last byte
 */
public record Reply(int status, Map<String, List<String>> headers, String body, double millis) {
  private static final String DATA = "data: ";

  public Reply {
    var anyCase = new TreeMap<String, List<String>>(String.CASE_INSENSITIVE_ORDER);
    anyCase.putAll(headers);
    headers = anyCase;
  }

  static Reply of(HttpResponse<String> response, long startNanos) {
    double millis = (System.nanoTime() - startNanos) / 1e6;
    return new Reply(response.statusCode(), response.headers().map(), response.body(), millis);
  }

  /** First value of a header, or null. */
  public @Nullable String header(String name) {
    List<String> values = headers.get(name);
    return values == null || values.isEmpty() ? null : values.get(0);
  }

  /** The body as JSON. */
  public JsonObject json() {
    return JsonParser.parseString(body).getAsJsonObject();
  }

  /** The name of the server that answered, by its own word in the body, or null. */
  public @Nullable String servedBy() {
    JsonElement name = firstJson().get("served_by");
    return name == null ? null : name.getAsString();
  }

  /** True for a stream that has come to its proper end. */
  public boolean isCompleteStream() {
    return body.endsWith("data: [DONE]\n\n");
  }

  private JsonObject firstJson() {
    if (!body.startsWith(DATA)) {
      return json();
    }
    int end = body.indexOf("\n\n");
    return JsonParser.parseString(body.substring(DATA.length(), end)).getAsJsonObject();
  }
}
