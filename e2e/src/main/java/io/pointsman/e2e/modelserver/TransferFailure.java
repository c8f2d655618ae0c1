package io.pointsman.e2e.modelserver;

/** A KV cache that cannot be had: it is not there, was fetched before, or is another prompt's. */
final class TransferFailure extends Exception {
  private static final long serialVersionUID = 1L;

  TransferFailure(String message) {
    super(message);
  }

  /** The error body of the request that fails with it. */
  String body() {
    return ErrorJson.of(500, "InternalServerError", String.valueOf(getMessage()));
  }
}
