package io.pointsman.plugin.app;

import static java.nio.charset.StandardCharsets.US_ASCII;

import com.google.protobuf.ByteString;
import io.envoyproxy.envoy.config.core.v3.HeaderMap;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.extensions.filters.http.ext_proc.v3.ProcessingMode.BodySendMode;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc;
import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorStub;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpBody;
import io.envoyproxy.envoy.service.ext_proc.v3.HttpHeaders;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.envoyproxy.envoy.service.ext_proc.v3.ProtocolConfiguration;
import io.grpc.InsecureServerCredentials;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.common.BindAddress;
import io.pointsman.plugin.endpoint.EndpointKey;
import io.pointsman.plugin.endpoint.EndpointSpec;
import io.pointsman.plugin.endpoint.ModelConfig;
import io.pointsman.plugin.endpoint.ModelSpec;
import io.pointsman.plugin.endpoint.Topology;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.routing.StrategyCatalog;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Made-up requests before the first real one, so that the JVM has compiled what the first real ones
 * would otherwise wait for. They take the real way, transport included, but through a pipeline and
 * a loopback port of their own: no real endpoint, count or meter sees them.
 */
final class WarmUp {
  private static final Logger log = LoggerFactory.getLogger(WarmUp.class);

  private static final int MAX_REQUESTS = 30_000;
  private static final int CONCURRENT = 32;
  private static final int ENDPOINTS = 4;
  private static final String MODEL = "warm-up";

  private final ExternalProcessorStub stub;
  private final Semaphore free = new Semaphore(CONCURRENT);
  private final AtomicInteger answered = new AtomicInteger();
  private final List<List<ProcessingRequest>> requests = new ArrayList<>();

  private WarmUp(ExternalProcessorStub stub, StrategyCatalog strategies) {
    this.stub = stub;
    for (String strategy : strategies.names()) {
      requests.add(messages(strategy));
    }
  }

  /**
   * Sends requests until enough were answered or the time is over. Never fails: a plugin that is
   * cold serves too.
   */
  static void run(PluginSettings settings, StrategyCatalog strategies) {
    long begin = System.nanoTime();
    long end = begin + settings.warmUpTime().toNanos();
    var meters = new SimpleMeterRegistry();
    try (var parts = new CloseStack()) {
      var authenticator = parts.add(Authenticator.open(meters));
      var budgets = parts.add(Budgets.start(settings.limits(), null, "", "", meters));
      var pipeline =
          parts.add(
              RequestPipeline.create(
                  settings, strategies, authenticator, AuditLog.off(meters), budgets, meters));
      pipeline.endpoints().apply(topology());
      var grpc = settings.grpc().with(new BindAddress("127.0.0.1", 0));
      Server server =
          GrpcServers.start(
              grpc,
              InsecureServerCredentials.create(),
              List.of(pipeline.extProc()),
              pipeline.extProc().tracers());
      parts.add(server::shutdownNow);
      ManagedChannel channel =
          NettyChannelBuilder.forAddress("127.0.0.1", server.getPort())
              .usePlaintext()
              .directExecutor()
              .build();
      parts.add(channel::shutdownNow);
      int requests = new WarmUp(ExternalProcessorGrpc.newStub(channel), strategies).send(end);
      log.info("warm: requests={} ms={}", requests, (System.nanoTime() - begin) / 1_000_000);
    } catch (StartException | RuntimeException e) {
      log.warn("no warm-up, the first requests will be slower: reason={}", e.getMessage());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private int send(long end) throws InterruptedException {
    for (int i = 0; i < MAX_REQUESTS; i++) {
      if (!free.tryAcquire(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
        break;
      }
      new OneRequest(requests.get(i % requests.size())).begin();
    }
    return answered.get();
  }

  private static Topology topology() {
    var endpoints = new ArrayList<EndpointSpec>();
    for (int i = 0; i < ENDPOINTS; i++) {
      String address = "127.0.0.1:" + (i + 1);
      endpoints.add(
          new EndpointSpec(
              new EndpointKey(address, i + 1),
              address,
              address,
              true,
              null,
              EndpointSpec.Role.COMBINED));
    }
    return new Topology(List.of(new ModelSpec(MODEL, "vllm", endpoints, ModelConfig.NONE)));
  }

  /** What Envoy sends for one chat request of some 2 KiB in BUFFERED mode. */
  private static List<ProcessingRequest> messages(String strategy) {
    String body =
        "{\"model\":\""
            + MODEL
            + "\",\"stream\":true,\"max_tokens\":256,\"messages\":["
            + "{\"role\":\"system\",\"content\":\""
            + "You are of help. ".repeat(60)
            + "\"},"
            + "{\"role\":\"user\",\"content\":\""
            + "Say \\\"warm\\\" again.\\n".repeat(50)
            + "\"}]}";
    var modes = ProtocolConfiguration.newBuilder().setRequestBodyMode(BodySendMode.BUFFERED);
    return List.of(
        ProcessingRequest.newBuilder()
            .setProtocolConfig(modes)
            .setRequestHeaders(
                headers(
                    ":method", "POST",
                    ":path", "/v1/chat/completions",
                    ":authority", "warm-up",
                    ":scheme", "http",
                    "content-type", "application/json",
                    "content-length", Integer.toString(body.length()),
                    "user-agent", "warm-up",
                    "x-request-id", "00000000-0000-0000-0000-000000000000",
                    "routing-strategy", strategy))
            .build(),
        ProcessingRequest.newBuilder()
            .setRequestBody(
                HttpBody.newBuilder()
                    .setBody(ByteString.copyFrom(body, US_ASCII))
                    .setEndOfStream(true))
            .build(),
        ProcessingRequest.newBuilder()
            .setResponseHeaders(headers(":status", "200", "content-type", "text/event-stream"))
            .build());
  }

  private static HttpHeaders headers(String... namesAndValues) {
    var map = HeaderMap.newBuilder();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      map.addHeaders(
          HeaderValue.newBuilder()
              .setKey(namesAndValues[i])
              .setRawValue(ByteString.copyFrom(namesAndValues[i + 1], US_ASCII)));
    }
    return HttpHeaders.newBuilder().setHeaders(map).build();
  }

  /** Sends each message when the one before is answered, as Envoy does. */
  private final class OneRequest implements StreamObserver<ProcessingResponse> {
    private final List<ProcessingRequest> messages;
    private final StreamObserver<ProcessingRequest> out;
    private int sent;

    OneRequest(List<ProcessingRequest> messages) {
      this.messages = messages;
      out = stub.process(this);
    }

    void begin() {
      out.onNext(messages.get(sent++));
    }

    @Override
    public void onNext(ProcessingResponse reply) {
      if (sent < messages.size()) {
        out.onNext(messages.get(sent++));
      } else {
        out.onCompleted();
      }
    }

    @Override
    public void onError(Throwable e) {
      free.release();
    }

    @Override
    public void onCompleted() {
      answered.incrementAndGet();
      free.release();
    }
  }
}
