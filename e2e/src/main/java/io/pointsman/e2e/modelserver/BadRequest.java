package io.pointsman.e2e.modelserver;

/** A request that the server refuses, as vLLM words it. */
final class BadRequest extends Exception {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final String type;

  BadRequest(String message) {
    this(400, "BadRequestError", message);
  }

  private BadRequest(int status, String type, String message) {
    super(message);
    this.status = status;
    this.type = type;
  }

  static BadRequest unknownModel(String model) {
    return new BadRequest(404, "NotFoundError", "The model `" + model + "` does not exist.");
  }

  int status() {
    return status;
  }

  String body() {
    return ErrorJson.of(status, type, String.valueOf(getMessage()));
  }
}
