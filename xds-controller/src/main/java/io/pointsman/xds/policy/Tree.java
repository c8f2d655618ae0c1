package io.pointsman.xds.policy;

import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.ToNumberPolicy;
import com.google.gson.reflect.TypeToken;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.Durations;
import com.google.protobuf.util.JsonFormat;
import io.pointsman.common.DurationText;
import io.pointsman.xds.snapshot.PatchParts;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;

/** Parts of a manifest, in the order in which they are written. */
final class Tree {
  private static final Gson GSON =
      new GsonBuilder().setObjectToNumberStrategy(ToNumberPolicy.LONG_OR_DOUBLE).create();

  private Tree() {}

  /** A mapping of keys and values in turn. */
  static Map<String, Object> of(Object... keysAndValues) {
    var map = new LinkedHashMap<String, Object>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put((String) keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }

  /** A duration as the Gateway API writes it, {@code 1m30s}. */
  static String duration(Duration duration) {
    return DurationText.write(duration);
  }

  /** A duration as Envoy's JSON has it, {@code 90s}. */
  static String seconds(Duration duration) {
    return Durations.toString(Durations.fromMillis(duration.toMillis()));
  }

  /**
   * A message of Envoy's as the patch policy wants it: field names as in the {@code .proto} files,
   * and durations in seconds, {@code 90s}.
   */
  static Map<String, Object> of(Message message) {
    try {
      String json =
          JsonFormat.printer()
              .usingTypeRegistry(PatchParts.types())
              .preservingProtoFieldNames()
              .omittingInsignificantWhitespace()
              .print(message);
      return GSON.fromJson(json, new TypeToken<Map<String, Object>>() {}.getType());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a message of known types can be printed", e);
    }
  }
}
