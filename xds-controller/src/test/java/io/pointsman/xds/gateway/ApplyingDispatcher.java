package io.pointsman.xds.gateway;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import io.fabric8.kubernetes.client.server.mock.KubernetesCrudDispatcher;
import io.fabric8.mockwebserver.dsl.HttpMethod;
import io.fabric8.mockwebserver.http.Buffer;
import io.fabric8.mockwebserver.http.Headers;
import io.fabric8.mockwebserver.http.MockResponse;
import io.fabric8.mockwebserver.http.RecordedRequest;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * fabric8's mock API server, which refuses server-side apply, with a simple form of it: what was
 * applied before and is no longer goes, what others have set stays. A real one also checks schemas
 * and rights, fills in defaults, merges lists by their keys, and finds conflicts by itself; here a
 * test says which field somebody else owns.
 */
final class ApplyingDispatcher extends KubernetesCrudDispatcher {
  private static final Gson GSON =
      new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();

  /** A request that changes something. */
  record Change(String method, String path, String contentType, String body) {}

  private final List<Change> changes = new CopyOnWriteArrayList<>();
  private final Map<String, Map<String, Object>> applied = new ConcurrentHashMap<>();
  private final Map<String, String> owned = new ConcurrentHashMap<>();
  private final Map<String, Integer> refused = new ConcurrentHashMap<>();
  private volatile boolean acceptsAll = true;

  /** Everything that was asked to change, in order. */
  List<Change> changes() {
    return changes;
  }

  /** What Envoy Gateway says of each policy that is applied from now on: good, or nothing. */
  void acceptAll(boolean accepts) {
    acceptsAll = accepts;
  }

  /** Somebody else owns a field of the object at this path. */
  void own(String path, String field) {
    owned.put(path, field);
  }

  /** The object at this path cannot be applied, with this status; 0: it can again. */
  void refuse(String path, int code) {
    if (code == 0) {
      refused.remove(path);
    } else {
      refused.put(path, code);
    }
  }

  @Override
  public MockResponse handleCreate(RecordedRequest request) {
    record(request);
    return super.handleCreate(request);
  }

  @Override
  public MockResponse handleUpdate(RecordedRequest request) {
    record(request);
    return super.handleUpdate(request);
  }

  @Override
  public MockResponse handleDelete(String path) {
    changes.add(new Change("DELETE", path, "", ""));
    applied.remove(path);
    return super.handleDelete(path);
  }

  @Override
  public MockResponse handlePatch(RecordedRequest request) {
    record(request);
    String type = String.valueOf(request.getHeader("Content-Type"));
    if (!type.startsWith("application/apply-patch+yaml")) {
      return super.handlePatch(request);
    }
    String path = request.getPath().replaceAll("\\?.*", "");
    boolean force = request.getPath().contains("force=true");
    Integer code = refused.get(path);
    if (code != null) {
      return status(code, "Invalid", "the policy is refused for a test", null);
    }
    String field = owned.get(path);
    if (field != null && !force) {
      return status(409, "Conflict", "Apply failed with 1 conflict", field);
    }
    owned.remove(path);
    return apply(path, body(request));
  }

  private void record(RecordedRequest request) {
    if (!request.getPath().contains("/events")) {
      changes.add(
          new Change(
              request.getMethod(),
              request.getPath(),
              String.valueOf(request.getHeader("Content-Type")),
              body(request)));
    }
  }

  /** Its bytes can be read once only as text. */
  private static String body(RecordedRequest request) {
    return new String(request.getBody().getBytes(), StandardCharsets.UTF_8);
  }

  private synchronized MockResponse apply(String path, String body) {
    Map<String, Object> wanted = tree(body);
    MockResponse live = super.handleGet(path);
    Map<String, Object> before = live.code() == 200 ? tree(live.getBody().readUtf8()) : Map.of();
    Map<String, Object> merged = merge(copy(before), applied.getOrDefault(path, Map.of()), wanted);
    applied.put(path, tree(body));
    Map<String, Object> metadata = map(merged, "metadata");
    long generation = Manifest.number(before, "metadata", "generation");
    if (!merged.getOrDefault("spec", "").equals(before.get("spec"))) {
      generation++;
    }
    metadata.put("generation", generation);
    if (acceptsAll) {
      merged.put("status", accepted(generation));
    }
    MockResponse written = write(path, merged, before.isEmpty());
    return new MockResponse()
        .setResponseCode(written.code() / 100 == 2 ? 200 : written.code())
        .setBody(super.handleGet(path).getBody().readUtf8());
  }

  private MockResponse write(String path, Map<String, Object> object, boolean isNew) {
    Headers headers = Headers.builder().add("Content-Type", "application/json").build();
    Buffer body = new Buffer(GSON.toJson(object).getBytes(StandardCharsets.UTF_8));
    return isNew
        ? super.handleCreate(
            new RecordedRequest(
                "HTTP/1.1",
                HttpMethod.POST,
                path.substring(0, path.lastIndexOf('/')),
                headers,
                body))
        : super.handleUpdate(new RecordedRequest("HTTP/1.1", HttpMethod.PUT, path, headers, body));
  }

  static Map<String, Object> accepted(long generation) {
    var conditions = new ArrayList<Map<String, Object>>();
    for (String type : List.of("Accepted", "Programmed")) {
      conditions.add(
          Map.of("type", type, "status", "True", "observedGeneration", generation, "reason", type));
    }
    return Map.of("ancestors", List.of(Map.of("conditions", conditions)));
  }

  /** What was applied before goes where it is applied no longer; all else is laid over. */
  private static Map<String, Object> merge(
      Map<String, Object> live, Map<String, Object> before, Map<String, Object> wanted) {
    before.forEach(
        (key, value) -> {
          if (!wanted.containsKey(key)) {
            live.remove(key);
          }
        });
    wanted.forEach(
        (key, value) -> {
          if (value instanceof Map<?, ?>) {
            live.put(key, merge(map(live, key), map(copy(before), key), cast(value)));
          } else {
            live.put(key, value);
          }
        });
    return live;
  }

  /** The mapping at a key, which is made if it is not there. */
  static Map<String, Object> map(Map<String, Object> parent, String key) {
    if (parent.get(key) instanceof Map<?, ?> map) {
      return cast(map);
    }
    var made = new LinkedHashMap<String, Object>();
    parent.put(key, made);
    return made;
  }

  @SuppressWarnings("unchecked")
  private static Map<String, Object> cast(Object map) {
    return (Map<String, Object>) map;
  }

  private static Map<String, Object> copy(Map<String, Object> tree) {
    return tree(GSON.toJson(tree));
  }

  private static Map<String, Object> tree(String json) {
    return cast(GSON.fromJson(json, LinkedHashMap.class));
  }

  private static MockResponse status(
      int code, String reason, String message, @Nullable String field) {
    var status = new LinkedHashMap<String, Object>();
    status.put("kind", "Status");
    status.put("apiVersion", "v1");
    status.put("status", "Failure");
    status.put("reason", reason);
    status.put("message", message);
    status.put("code", code);
    if (field != null) {
      status.put(
          "details",
          Map.of(
              "causes",
              List.of(
                  Map.of(
                      "reason", "FieldManagerConflict",
                      "field", field,
                      "message", "conflict with \"kubectl-edit\""))));
    }
    return new MockResponse()
        .setResponseCode(code)
        .addHeader("Content-Type", "application/json")
        .setBody(GSON.toJson(status));
  }
}
