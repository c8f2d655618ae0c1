package io.pointsman.plugin.extproc;

import io.envoyproxy.envoy.service.ext_proc.v3.ExternalProcessorGrpc.ExternalProcessorImplBase;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingRequest;
import io.envoyproxy.envoy.service.ext_proc.v3.ProcessingResponse;
import io.grpc.ServerStreamTracer;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.limit.LimitSettings;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Router;
import java.util.Collection;

/**
 * The service {@code envoy.service.ext_proc.v3.ExternalProcessor}: one stream for each HTTP request
 * that Envoy handles. Nothing in it blocks, so the server may and should run it with {@code
 * directExecutor()}. Thread-safe.
 */
public final class ExternalProcessorService extends ExternalProcessorImplBase {
  private final OpenStreams streams = new OpenStreams();
  private final StreamContext context;

  /**
   * @param settings how requests are treated
   * @param authenticator says who sends a request
   * @param audit told of each request that is refused
   * @param budgets what requests may take
   * @param limits how that is kept
   * @param router decides and reserves
   * @param reader reads request bodies
   * @param prefiller has prompts computed on prefill pods; not closed here
   * @param registry is told what requests met at endpoints
   * @param metrics counts requests
   */
  public ExternalProcessorService(
      ExtProcSettings settings,
      Authenticator authenticator,
      AuditLog audit,
      Budgets budgets,
      LimitSettings limits,
      Router router,
      RequestReader reader,
      Prefiller prefiller,
      EndpointRegistry registry,
      RequestMetrics metrics) {
    context =
        new StreamContext(
            settings,
            authenticator,
            audit,
            new LimitGate(budgets, limits, router),
            router,
            reader,
            prefiller,
            registry,
            metrics,
            new Replies(settings, authenticator.hidesAuthorization()),
            new FaultLog(metrics, System::nanoTime),
            streams);
    metrics.showStreams(streams.all());
  }

  @Override
  public StreamObserver<ProcessingRequest> process(StreamObserver<ProcessingResponse> replies) {
    var stream = new RequestStream(context, (ServerCallStreamObserver<ProcessingResponse>) replies);
    stream.start();
    return stream;
  }

  /**
   * For shutting down: ends with status OK each stream whose request is decided and whose bodies do
   * not pass through here, so that Envoy carries on with it alone; from now on also each that comes
   * to this point. The others run to their end. May be called from any thread.
   */
  public void endDecidedStreams() {
    streams.drain();
  }

  /**
   * For the server that carries this service: tells it which streams gRPC ended before their
   * messages came here. They are counted and told in the log.
   */
  public ServerStreamTracer.Factory tracers() {
    return new RefusedMessages(context.faults());
  }

  /** A live view of the streams that are open. */
  Collection<RequestStream> streams() {
    return streams.all();
  }

  /** Streams that are open now. */
  public int openStreams() {
    return streams.all().size();
  }
}
