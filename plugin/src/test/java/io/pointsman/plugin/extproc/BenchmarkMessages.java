package io.pointsman.plugin.extproc;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;

/** Messages as they come from the wire, of the size that requests commonly have. */
final class BenchmarkMessages {
  private BenchmarkMessages() {}

  /** 17 headers, as Envoy sends them for a call of an OpenAI client. */
  static ProcessingRequest headers(String strategy, BodySendMode mode) {
    var message =
        FakeEnvoy.requestHeaders(
            "/v1/chat/completions",
            false,
            ":scheme",
            "https",
            ":authority",
            "models.example.com",
            "accept",
            "application/json",
            "accept-encoding",
            "gzip, deflate",
            "authorization",
            "Bearer 0123456789012345678901234567890123456789",
            "content-length",
            "2048",
            "content-type",
            "application/json",
            "routing-strategy",
            strategy,
            "user-agent",
            "OpenAI/Python 1.99.0",
            "x-forwarded-for",
            "10.1.2.3",
            "x-forwarded-proto",
            "https",
            "x-request-id",
            "2ed22d2c-49ff-4ff7-831e-e8d9a95db599",
            "x-stainless-arch",
            "x64",
            "x-stainless-lang",
            "python",
            "x-stainless-runtime",
            "CPython");
    message.getProtocolConfigBuilder().setRequestBodyMode(mode);
    return fromWire(message);
  }

  /** A chat whose body is about this long. */
  static ProcessingRequest chat(int bytes) {
    var text = new StringBuilder("{\"model\":\"llama\",\"stream\":true,\"messages\":[");
    text.append("{\"role\":\"system\",\"content\":\"You are a helpful assistant.\"}");
    String words = "The quick brown fox jumps over the lazy dog.\\n";
    while (text.length() < bytes) {
      text.append(",{\"role\":\"user\",\"content\":\"").append(words.repeat(5)).append("\"}");
    }
    text.append("]}");
    return fromWire(FakeEnvoy.requestBody(ByteString.copyFromUtf8(text.toString()), true));
  }

  static ProcessingRequest response() {
    var attributes =
        UpstreamOutcomeTest.message("via_upstream", Value.newBuilder().setNumberValue(0).build());
    return fromWire(
        FakeEnvoy.responseHeaders(
                200,
                false,
                "content-type",
                "text/event-stream",
                "date",
                "Sat, 21 Nov 2026 07:10:20 GMT",
                "x-envoy-upstream-service-time",
                "12")
            .putAllAttributes(attributes.getAttributesMap()));
  }

  private static ProcessingRequest fromWire(ProcessingRequest.Builder message) {
    try {
      return ProcessingRequest.parseFrom(message.build().toByteArray());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException(e);
    }
  }
}
