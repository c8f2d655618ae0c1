package io.pointsman.xds.snapshot;

import com.google.protobuf.Any;
import com.google.protobuf.BoolValue;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Duration;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.TypeRegistry;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.UInt64Value;
import com.google.protobuf.UnknownFieldSet;
import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter;
import io.envoyproxy.envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig;
import io.envoyproxy.envoy.extensions.clusters.dns.v3.DnsCluster;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor;
import io.envoyproxy.envoy.extensions.filters.http.router.v3.Router;
import io.envoyproxy.envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit;
import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager;
import io.envoyproxy.envoy.extensions.upstreams.http.v3.HttpProtocolOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A configuration as paths and values, with what is packed unpacked: {@code
 * cluster[pointsman_pods].connect_timeout} = {@code 5s}. The hash in the name of the plugin's
 * cluster is left out.
 */
final class Flat {
  private static final TypeRegistry TYPES =
      TypeRegistry.newBuilder()
          .add(
              List.of(
                  HttpConnectionManager.getDescriptor(),
                  ConnectionLimit.getDescriptor(),
                  ExternalProcessor.getDescriptor(),
                  ExtProcPerRoute.getDescriptor(),
                  Router.getDescriptor(),
                  HttpProtocolOptions.getDescriptor(),
                  DnsCluster.getDescriptor(),
                  HttpGrpcAccessLogConfig.getDescriptor(),
                  ExpressionFilter.getDescriptor(),
                  io.envoyproxy.envoy.extensions.http.early_header_mutation.header_mutation.v3
                      .HeaderMutation.getDescriptor()))
          .build();

  /** Long ways that every path through them shares, and what stands for them. */
  private static final Map<String, String> SHORT =
      orderedMap(
          "listener.filter_chains[pointsman].filters["
              + "envoy.filters.network.http_connection_manager].typed_config",
          "hcm",
          "listener.filter_chains[pointsman].filters["
              + "envoy.filters.network.connection_limit].typed_config",
          "connection_limit",
          "hcm.http_filters[envoy.filters.http.ext_proc].typed_config",
          "ext_proc",
          "typed_extension_protocol_options["
              + "envoy.extensions.upstreams.http.v3.HttpProtocolOptions].value",
          "http",
          "routes.virtual_hosts[all]",
          "vhost",
          "typed_per_filter_config[envoy.filters.http.ext_proc].value",
          "ext_proc");

  private final Map<String, String> values = new TreeMap<>();

  private Flat() {}

  private static Map<String, String> orderedMap(String... keysAndValues) {
    var map = new LinkedHashMap<String, String>();
    for (int i = 0; i < keysAndValues.length; i += 2) {
      map.put(keysAndValues[i], keysAndValues[i + 1]);
    }
    return map;
  }

  /** The paths at which two configurations differ, with the second one's value or "(none)". */
  static Map<String, String> difference(EnvoyConfig before, EnvoyConfig after) {
    Map<String, String> old = of(before);
    Map<String, String> now = of(after);
    Map<String, String> difference = new TreeMap<>(now);
    difference.entrySet().removeIf(entry -> entry.getValue().equals(old.get(entry.getKey())));
    for (String path : old.keySet()) {
      if (!now.containsKey(path)) {
        difference.put(path, "(none)");
      }
    }
    return difference;
  }

  static Map<String, String> of(EnvoyConfig config) {
    var flat = new Flat();
    flat.walk("listener", config.listener());
    flat.walk("routes", config.routes());
    config.clusters().forEach(cluster -> flat.walk("cluster[" + name(cluster) + "]", cluster));
    return flat.values;
  }

  private void walk(String path, Object value) {
    if (value instanceof Any any) {
      walk(path, unpack(any));
    } else if (value instanceof Message message) {
      walkMessage(path, message);
    } else if (value instanceof EnumValueDescriptor choice) {
      put(path, choice.getName());
    } else {
      put(path, String.valueOf(value));
    }
  }

  private void walkMessage(String path, Message message) {
    switch (message.getDescriptorForType().getFullName()) {
      case "google.protobuf.Any" -> walk(path, unpack(parse(message, Any.getDefaultInstance())));
      case "google.protobuf.Duration" ->
          put(path, Durations.toString(parse(message, Duration.getDefaultInstance())));
      case "google.protobuf.UInt32Value" ->
          put(
              path,
              Integer.toUnsignedString(
                  parse(message, UInt32Value.getDefaultInstance()).getValue()));
      case "google.protobuf.UInt64Value" ->
          put(path, String.valueOf(parse(message, UInt64Value.getDefaultInstance()).getValue()));
      case "google.protobuf.BoolValue" ->
          put(path, String.valueOf(parse(message, BoolValue.getDefaultInstance()).getValue()));
      default -> walkFields(path, message);
    }
  }

  private void walkFields(String path, Message message) {
    if (message.getAllFields().isEmpty() && message.getUnknownFields().asMap().isEmpty()) {
      put(path, "{}");
    }
    message.getAllFields().forEach((field, value) -> walkField(path, field, value));
    message
        .getUnknownFields()
        .asMap()
        .forEach((number, field) -> walkUnknown(path + ".#" + number, field));
  }

  private void walkField(String path, FieldDescriptor field, Object value) {
    String name = path + "." + field.getName();
    if (!field.isRepeated()) {
      walk(name, value);
      return;
    }
    int index = 0;
    for (Object element : (List<?>) value) {
      String key = element instanceof Message message ? name(message) : "";
      walk(name + "[" + (key.isEmpty() ? String.valueOf(index) : key) + "]", element);
      index++;
    }
  }

  private void walkUnknown(String path, UnknownFieldSet.Field field) {
    field.getVarintList().forEach(number -> put(path, String.valueOf(number)));
    field
        .getLengthDelimitedList()
        .forEach(
            bytes -> {
              try {
                UnknownFieldSet.parseFrom(bytes)
                    .asMap()
                    .forEach((number, inner) -> walkUnknown(path + ".#" + number, inner));
              } catch (InvalidProtocolBufferException e) {
                throw new IllegalStateException(path, e);
              }
            });
  }

  private void put(String path, String value) {
    String plain = value.replaceAll("^pointsman_plugin_[0-9a-f]{8}$", "pointsman_plugin_#");
    String shortPath = path;
    for (Map.Entry<String, String> way : SHORT.entrySet()) {
      shortPath = shortPath.replace(way.getKey(), way.getValue());
    }
    if (values.put(shortPath, plain) != null) {
      throw new IllegalStateException("two values at " + shortPath);
    }
  }

  /** What tells an element of a list from the others: its name, or the key of a map's entry. */
  private static String name(Message message) {
    for (String field : List.of("name", "key")) {
      FieldDescriptor descriptor = message.getDescriptorForType().findFieldByName(field);
      if (descriptor != null && message.getField(descriptor) instanceof String text) {
        return text.replaceAll("^pointsman_plugin_[0-9a-f]{8}$", "pointsman_plugin");
      }
    }
    return "";
  }

  private static DynamicMessage unpack(Any any) {
    String type = any.getTypeUrl().substring(any.getTypeUrl().indexOf('/') + 1);
    try {
      return DynamicMessage.parseFrom(TYPES.find(type), any.getValue());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(type, e);
    }
  }

  @SuppressWarnings("unchecked") // the parser of a type makes messages of that type
  private static <M extends Message> M parse(Message message, M type) {
    try {
      return (M) type.getParserForType().parseFrom(message.toByteString());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
