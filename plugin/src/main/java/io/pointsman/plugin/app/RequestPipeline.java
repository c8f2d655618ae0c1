package io.pointsman.plugin.app;

import io.micrometer.core.instrument.MeterRegistry;
import io.pointsman.plugin.blockmap.PrefixIndex;
import io.pointsman.plugin.endpoint.EndpointRegistry;
import io.pointsman.plugin.extproc.ExternalProcessorService;
import io.pointsman.plugin.extproc.RequestMetrics;
import io.pointsman.plugin.prompt.RequestReader;
import io.pointsman.plugin.routing.Router;
import io.pointsman.plugin.routing.StrategyCatalog;

/**
 * What a request passes through, from the ext_proc stream to the endpoints and back.
 *
 * @param endpoints what is routed to; closed with the pipeline
 * @param prefixes where prompts went; closed with the pipeline
 * @param extProc the gRPC service
 */
record RequestPipeline(
    EndpointRegistry endpoints, PrefixIndex prefixes, ExternalProcessorService extProc)
    implements AutoCloseable {

  static RequestPipeline create(
      PluginSettings settings, StrategyCatalog strategies, MeterRegistry meters) {
    var endpoints = new EndpointRegistry(settings.health(), meters);
    var prefixes = new PrefixIndex(settings.prefix(), endpoints::pools, meters);
    var extProc =
        new ExternalProcessorService(
            settings.extProc(),
            new Router(
                endpoints::pools,
                strategies,
                settings.routingAlgorithm(),
                prefixes,
                settings.prefixRules().ramp()),
            new RequestReader(),
            endpoints,
            new RequestMetrics(meters, endpoints::pools));
    return new RequestPipeline(endpoints, prefixes, extProc);
  }

  @Override
  public void close() {
    prefixes.close();
    endpoints.close();
  }
}
