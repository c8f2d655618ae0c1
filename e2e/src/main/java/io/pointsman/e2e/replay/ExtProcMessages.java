package io.pointsman.e2e.replay;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import java.util.Map;

/** What Envoy sends for a chat completion whose body it buffers. */
final class ExtProcMessages {
  private static final ProtocolConfiguration BUFFERED =
      ProtocolConfiguration.newBuilder().setRequestBodyMode(BodySendMode.BUFFERED).build();

  private ExtProcMessages() {}

  /**
   * The request's headers.
   *
   * @param more beside those that every request has
   */
  static ProcessingRequest requestHeaders(Map<String, String> more) {
    var headers = HeaderMap.newBuilder();
    headers.addHeaders(header(":method", "POST"));
    headers.addHeaders(header(":path", "/v1/chat/completions"));
    headers.addHeaders(header("content-type", "application/json"));
    more.forEach((name, value) -> headers.addHeaders(header(name, value)));
    return ProcessingRequest.newBuilder()
        .setProtocolConfig(BUFFERED)
        .setRequestHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .build();
  }

  static ProcessingRequest requestBody(ByteString body) {
    return ProcessingRequest.newBuilder()
        .setRequestBody(HttpBody.newBuilder().setBody(body).setEndOfStream(true))
        .build();
  }

  static ProcessingRequest responseHeaders() {
    var headers = HeaderMap.newBuilder();
    headers.addHeaders(header(":status", "200"));
    headers.addHeaders(header("content-type", "application/json"));
    return ProcessingRequest.newBuilder()
        .setResponseHeaders(HttpHeaders.newBuilder().setHeaders(headers))
        .build();
  }

  /**
   * A piece of the answer's body.
   *
   * @param last true if it is the last one
   */
  static ProcessingRequest responseBody(ByteString body, boolean last) {
    return ProcessingRequest.newBuilder()
        .setResponseBody(HttpBody.newBuilder().setBody(body).setEndOfStream(last))
        .build();
  }

  private static HeaderValue.Builder header(String name, String value) {
    return HeaderValue.newBuilder().setKey(name).setRawValue(ByteString.copyFromUtf8(value));
  }
}
