package io.pointsman.plugin.prompt;

import java.util.ArrayList;
import java.util.List;

/** Writes random request bodies, most of them right for their API. */
final class RandomRequest {
  private final RandomJson json;

  RandomRequest(RandomJson json) {
    this.json = json;
  }

  String body(Api api) {
    List<String> members = new ArrayList<>();
    members.add(member("model", json.chance(0.95) ? json.spelled("qwen/q-7b") : json.string()));
    maybe(members, 0.4, "stream", json.oneOf("true", "false", "null"));
    maybe(members, 0.3, "stream_options", streamOptions());
    maybe(members, 0.3, "max_tokens", json.number());
    maybe(members, 0.2, "max_completion_tokens", json.oneOf("5", "null", "9999999999"));
    maybe(members, 0.2, "max_output_tokens", json.oneOf("6", "null", "-1"));
    maybe(members, 0.2, "n", json.oneOf("1", "3", "0", "-2", "null", "9999999999"));
    maybe(members, 0.1, "best_of", json.oneOf("2", "5", "null", "-0"));
    maybe(members, 0.2, "cache_salt", json.string());
    maybe(members, 0.5, "temperature", json.number());
    maybe(members, 0.3, "metadata", json.value(3));
    maybe(members, 0.02, json.oneOf("model", "messages", "input", "stream"), json.value(1));
    addPrompt(api, members);
    return json.space() + json.object(members) + json.space();
  }

  private void addPrompt(Api api, List<String> members) {
    switch (api) {
      case CHAT_COMPLETIONS, MESSAGES -> {
        maybe(members, 0.98, "messages", messages());
        maybe(members, 0.4, "tools", json.array(List.of(json.value(3), json.value(3))));
        maybe(members, 0.1, "functions", json.array(List.of(json.value(2))));
        maybe(members, 0.5, "system", content(1));
      }
      case RESPONSES -> {
        maybe(members, 0.98, "input", json.chance(0.4) ? json.string() : messages());
        maybe(members, 0.4, "instructions", json.string());
        maybe(members, 0.4, "tools", json.array(List.of(json.value(3))));
      }
      case COMPLETIONS, IMAGES_GENERATIONS -> maybe(members, 0.98, "prompt", prompts());
      case EMBEDDINGS, CLASSIFY -> {
        maybe(members, 0.9, "input", prompts());
        maybe(members, 0.1, "messages", messages());
      }
      case RERANK -> {
        maybe(members, 0.98, "query", json.string());
        maybe(members, 0.98, "documents", prompts());
      }
      default -> {
        maybe(members, 0.9, "text_1", prompts());
        maybe(members, 0.9, "text_2", prompts());
      }
    }
  }

  private String member(String key, String value) {
    return json.member(key, json.chance(0.01) ? json.value(2) : value);
  }

  private void maybe(List<String> members, double probability, String key, String value) {
    if (json.chance(probability)) {
      members.add(member(key, value));
    }
  }

  private String streamOptions() {
    List<String> members = new ArrayList<>();
    maybe(members, 0.8, "include_usage", json.oneOf("true", "false", "null"));
    maybe(members, 0.3, "continuous_usage_stats", "true");
    return json.object(members);
  }

  private String messages() {
    List<String> messages = new ArrayList<>();
    for (int i = json.random.nextInt(5); i >= 0; i--) {
      messages.add(message());
    }
    return json.array(messages);
  }

  private String message() {
    List<String> members = new ArrayList<>();
    String role = json.oneOf("system", "developer", "user", "assistant", "tool");
    maybe(members, 0.95, "role", json.spelled(role));
    maybe(members, 0.9, "content", content(2));
    maybe(members, 0.2, "name", json.string());
    maybe(members, 0.2, "tool_call_id", json.string());
    maybe(members, 0.2, "tool_calls", json.value(3));
    maybe(members, 0.2, "type", "\"message\"");
    maybe(members, 0.1, "cache_control", json.value(1));
    maybe(members, 0.02, json.oneOf("role", "content"), json.string());
    return json.object(members);
  }

  private String content(int depth) {
    if (json.chance(0.6)) {
      return json.chance(0.1) ? "null" : json.string();
    }
    List<String> parts = new ArrayList<>();
    for (int i = json.random.nextInt(4); i > 0; i--) {
      parts.add(json.chance(0.1) ? json.string() : part(depth));
    }
    return json.array(parts);
  }

  private String part(int depth) {
    List<String> members = new ArrayList<>();
    maybe(members, 0.9, "type", json.string());
    maybe(members, 0.6, "text", json.chance(0.95) ? json.string() : json.value(2));
    maybe(members, 0.2, json.oneOf("image_url", "source", "file", "input_audio"), media());
    maybe(members, 0.1, json.oneOf("file_id", "url", "data"), json.value(1));
    maybe(members, 0.1, "cache_control", "{\"type\":\"ephemeral\"}");
    maybe(members, 0.1, "tool_use_id", json.string());
    if (depth > 0) {
      maybe(members, 0.2, "content", json.chance(0.2) ? json.value(2) : content(depth - 1));
    }
    return json.object(members);
  }

  private String media() {
    if (json.chance(0.3)) {
      return json.value(1);
    }
    List<String> members = new ArrayList<>();
    maybe(members, 0.9, json.oneOf("url", "data", "file_id", "file_data"), json.string());
    maybe(members, 0.5, "detail", json.string());
    return json.object(members);
  }

  private String prompts() {
    if (json.chance(0.3)) {
      return json.string();
    }
    boolean ids = json.chance(0.3);
    List<String> prompts = new ArrayList<>();
    for (int i = json.random.nextInt(4); i > 0; i--) {
      if (ids) {
        prompts.add(json.chance(0.98) ? json.oneOf("1", "20", "300") : json.value(1));
      } else if (json.chance(0.2)) {
        prompts.add(json.array(List.of("1", json.oneOf("22", "-3", "4.5"), "7")));
      } else {
        prompts.add(json.chance(0.9) ? json.string() : part(1));
      }
    }
    return json.array(prompts);
  }
}
