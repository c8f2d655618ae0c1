package io.pointsman.plugin.extproc;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorStub;
import io.envoyproxy.envoy.service.ext_proc.v3.HeaderMutation;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpTrailers;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** The other end of a stream: sends what Envoy sends, and keeps what comes back. */
public final class FakeEnvoy implements StreamObserver<ProcessingResponse> {
  public static final String CHAT =
      "{\"model\":\"llama\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}";

  private final BlockingQueue<ProcessingResponse> replies = new LinkedBlockingQueue<>();
  private final ClientCallStreamObserver<ProcessingRequest> call;
  private volatile @Nullable Status status;
  private boolean begun;
  private BodySendMode requestMode = BodySendMode.BUFFERED;
  private BodySendMode responseMode = BodySendMode.NONE;
  private boolean silent;
  private boolean withoutWaiting;

  public FakeEnvoy(ExternalProcessorStub stub) {
    call = (ClientCallStreamObserver<ProcessingRequest>) stub.process(this);
  }

  @Override
  public void onNext(ProcessingResponse reply) {
    replies.add(reply);
  }

  @Override
  public void onError(Throwable cause) {
    status = Status.fromThrowable(cause);
  }

  @Override
  public void onCompleted() {
    status = Status.OK;
  }

  /** Sets what the first message says of body modes. */
  public FakeEnvoy modes(BodySendMode request, BodySendMode response) {
    requestMode = request;
    responseMode = response;
    return this;
  }

  /** Says nothing of modes, as Envoys before 1.34 do. */
  FakeEnvoy sayingNothing() {
    silent = true;
    return this;
  }

  FakeEnvoy sendingBodyWithoutWaiting() {
    withoutWaiting = true;
    return this;
  }

  public FakeEnvoy send(ProcessingRequest.Builder message) {
    if (!begun && !silent) {
      message.setProtocolConfig(
          ProtocolConfiguration.newBuilder()
              .setRequestBodyMode(requestMode)
              .setResponseBodyMode(responseMode)
              .setSendBodyWithoutWaitingForHeaderResponse(withoutWaiting));
    }
    begun = true;
    call.onNext(message.build());
    return this;
  }

  /** Headers of a POST with a body; {@code more} are names and values in turn. */
  FakeEnvoy headers(String path, String... more) {
    return send(requestHeaders(path, false, more));
  }

  public FakeEnvoy chatHeaders(String... more) {
    return headers("/v1/chat/completions", more);
  }

  public FakeEnvoy body(String text) {
    return body(text, true);
  }

  FakeEnvoy body(String text, boolean last) {
    return send(requestBody(ByteString.copyFromUtf8(text), last));
  }

  FakeEnvoy trailers() {
    return send(
        ProcessingRequest.newBuilder()
            .setRequestTrailers(HttpTrailers.newBuilder().setTrailers(headerMap("x-end", "1"))));
  }

  public FakeEnvoy responseHeaders(int code, String... more) {
    return send(responseHeaders(code, false, more));
  }

  public FakeEnvoy responseBody(String text, boolean last) {
    return send(responseBody(ByteString.copyFromUtf8(text), last));
  }

  FakeEnvoy responseTrailers() {
    return send(
        ProcessingRequest.newBuilder()
            .setResponseTrailers(HttpTrailers.newBuilder().setTrailers(headerMap("x-end", "1"))));
  }

  /** A request for {@code llama} up to its decision, in BUFFERED mode. */
  public FakeEnvoy decided(String... headers) {
    chatHeaders(headers).body(CHAT);
    assertThat(reply().hasRequestHeaders()).isTrue();
    assertThat(reply().hasRequestBody()).isTrue();
    return this;
  }

  public void halfClose() {
    call.onCompleted();
  }

  public void cancel() {
    call.cancel("the request is over", null);
  }

  /** The next reply, which must be there or come soon. */
  public ProcessingResponse reply() {
    ProcessingResponse next;
    try {
      next = replies.poll(30, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
    assertThat(next).as("reply; stream status is %s", status).isNotNull();
    return next;
  }

  /** Replies that nobody took yet. */
  public int pending() {
    return replies.size();
  }

  /** How the server ended the stream, or null if it is open. */
  public @Nullable Status status() {
    return status;
  }

  /** How the server ended the stream, which it must have. */
  public Status ended() {
    Status known = status;
    if (known == null) {
      throw new AssertionError("the stream is open");
    }
    return known;
  }

  static ProcessingRequest.Builder requestHeaders(String path, boolean last, String... more) {
    var all = new String[more.length + 4];
    all[0] = ":method";
    all[1] = "POST";
    all[2] = ":path";
    all[3] = path;
    System.arraycopy(more, 0, all, 4, more.length);
    return ProcessingRequest.newBuilder()
        .setRequestHeaders(
            HttpHeaders.newBuilder().setHeaders(headerMap(all)).setEndOfStream(last));
  }

  public static ProcessingRequest.Builder requestBody(ByteString body, boolean last) {
    return ProcessingRequest.newBuilder()
        .setRequestBody(HttpBody.newBuilder().setBody(body).setEndOfStream(last));
  }

  static ProcessingRequest.Builder responseHeaders(int code, boolean last, String... more) {
    var all = new String[more.length + 2];
    all[0] = ":status";
    all[1] = Integer.toString(code);
    System.arraycopy(more, 0, all, 2, more.length);
    return ProcessingRequest.newBuilder()
        .setResponseHeaders(
            HttpHeaders.newBuilder().setHeaders(headerMap(all)).setEndOfStream(last));
  }

  static ProcessingRequest.Builder responseBody(ByteString body, boolean last) {
    return ProcessingRequest.newBuilder()
        .setResponseBody(HttpBody.newBuilder().setBody(body).setEndOfStream(last));
  }

  static HeaderMap headerMap(String... namesAndValues) {
    var map = HeaderMap.newBuilder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.addHeaders(
          HeaderValue.newBuilder()
              .setKey(namesAndValues[i])
              .setRawValue(ByteString.copyFromUtf8(namesAndValues[i + 1])));
    }
    return map.build();
  }

  /** What a mutation sets, by name. */
  public static Map<String, String> set(HeaderMutation mutation) {
    var set = new LinkedHashMap<String, String>();
    for (HeaderValueOption option : mutation.getSetHeadersList()) {
      String earlier =
          set.put(option.getHeader().getKey(), option.getHeader().getRawValue().toStringUtf8());
      assertThat(earlier).as("header set twice").isNull();
    }
    return set;
  }
}
