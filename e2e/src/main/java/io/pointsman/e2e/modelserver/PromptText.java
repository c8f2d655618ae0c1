package io.pointsman.e2e.modelserver;

import com.google.gson.JsonArray;
import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import org.jspecify.annotations.Nullable;

/**
 * The text a model would see: a plain chat template. Two requests have a common beginning here
 * exactly where their conversations have one.
 */
final class PromptText {
  private final StringBuilder text = new StringBuilder();

  @Override
  public String toString() {
    return text.toString();
  }

  PromptText plain(@Nullable JsonElement content) {
    append(content);
    return this;
  }

  PromptText message(String role, @Nullable JsonElement content) {
    text.append("<|").append(role).append("|>\n");
    append(content);
    text.append('\n');
    return this;
  }

  /** Every message of an array; elements that are no messages count as a user's. */
  PromptText messages(JsonArray messages) {
    for (JsonElement element : messages) {
      if (element instanceof JsonObject message) {
        JsonElement role = message.get("role");
        message(
            role == null || !role.isJsonPrimitive() ? "user" : role.getAsString(),
            message.get("content"));
      } else {
        message("user", element);
      }
    }
    return this;
  }

  /** Where the answer starts; what follows is the next turn's assistant message. */
  PromptText answerNext() {
    text.append("<|assistant|>\n");
    return this;
  }

  private void append(@Nullable JsonElement content) {
    if (content == null || content.isJsonNull()) {
      return;
    }
    if (content instanceof JsonArray parts) {
      for (JsonElement part : parts) {
        append(part);
      }
    } else if (content instanceof JsonObject part && part.has("text")) {
      append(part.get("text"));
    } else if (content.isJsonPrimitive() && content.getAsJsonPrimitive().isString()) {
      text.append(content.getAsString());
    } else if (content.isJsonPrimitive() && content.getAsJsonPrimitive().isNumber()) {
      // A token id takes the four bytes of one estimated token.
      text.append("%04x".formatted(content.getAsInt() & 0xffff));
    } else {
      text.append(content);
    }
  }
}
