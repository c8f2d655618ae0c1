package io.pointsman.plugin.app;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.endpoint.EndpointSampler;
import io.pointsman.plugin.extproc.AccessLogReceiver;
import io.pointsman.plugin.extproc.ExternalProcessorService;
import io.pointsman.plugin.extproc.RequestMetrics;
import io.pointsman.plugin.identity.AuditLog;
import io.pointsman.plugin.identity.Authenticator;
import io.pointsman.plugin.limit.Budgets;
import io.pointsman.plugin.prefill.Prefiller;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Router;
import io.pointsman.plugin.routing.StrategyCatalog;

/**
 * What a request passes through, from the ext_proc stream to the endpoints and back.
 *
 * @param endpoints what is routed to; closed with the pipeline
 * @param sampler looks at the endpoints; closed with the pipeline
 * @param prefixes where prompts went; closed with the pipeline
 * @param prefiller has prompts computed on prefill pods; closed with the pipeline
 * @param extProc the gRPC service
 * @param accessLog the gRPC service that hears afterwards how requests ended
 */
record RequestPipeline(
    EndpointRegistry endpoints,
    EndpointSampler sampler,
    PrefixIndex prefixes,
    Prefiller prefiller,
    ExternalProcessorService extProc,
    AccessLogReceiver accessLog)
    implements AutoCloseable {

  /**
   * @param authenticator says who sends a request; not closed with the pipeline
   * @param audit told of refusals; not closed with the pipeline
   * @param budgets what requests may take; not closed with the pipeline
   */
  static RequestPipeline create(
      PluginSettings settings,
      StrategyCatalog strategies,
      Authenticator authenticator,
      AuditLog audit,
      Budgets budgets,
      MeterRegistry meters) {
    var endpoints = new EndpointRegistry(settings.health(), meters);
    var prefixes = new PrefixIndex(settings.prefix(), endpoints::pools, meters);
    var metrics = new RequestMetrics(meters, endpoints::pools);
    var router = new Router(endpoints::pools, strategies, settings.routing(), prefixes);
    router.bindTo(meters);
    var prefiller = new Prefiller(settings.prefill(), endpoints, meters);
    var extProc =
        new ExternalProcessorService(
            settings.extProc(),
            authenticator,
            audit,
            budgets,
            settings.limits(),
            router,
            new RequestReader(),
            prefiller,
            endpoints,
            metrics);
    return new RequestPipeline(
        endpoints,
        EndpointSampler.start(endpoints::pools),
        prefixes,
        prefiller,
        extProc,
        new AccessLogReceiver(metrics));
  }

  @Override
  public void close() {
    sampler.close();
    prefiller.close();
    prefixes.close();
    endpoints.close();
  }
}
