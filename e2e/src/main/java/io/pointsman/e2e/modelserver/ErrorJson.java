package io.pointsman.e2e.modelserver;

import com.google.gson.JsonNull;
import com.google.gson.JsonObject;

/** vLLM's error body. */
final class ErrorJson {
  private ErrorJson() {}

  static String of(int status, String type, String message) {
    var error = new JsonObject();
    error.addProperty("message", message);
    error.addProperty("type", type);
    error.add("param", JsonNull.INSTANCE);
    error.addProperty("code", status);
    var body = new JsonObject();
    body.add("error", error);
    return body.toString();
  }

  static String internal(int status) {
    return of(status, "InternalServerError", "injected fault");
  }
}
