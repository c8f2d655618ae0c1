package io.pointsman.xds.server;

import com.google.protobuf.Any;
import com.google.rpc.Status;
import io.envoyproxy.controlplane.cache.Resources;
import io.envoyproxy.envoy.config.core.v3.Node;
import io.envoyproxy.envoy.service.discovery.v3.AggregatedDiscoveryServiceGrpc;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.Resource;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** Speaks ADS as an Envoy does, in either form, one step at a time. */
final class AdsClient implements AutoCloseable {
  static final String CLUSTERS = Resources.V3.CLUSTER_TYPE_URL;
  static final String LISTENERS = Resources.V3.LISTENER_TYPE_URL;
  static final String ROUTES = Resources.V3.ROUTE_TYPE_URL;

  private static final long LIMIT_SECONDS = 20;
  private static final long QUIET_MILLIS = 150;

  /**
   * An answer.
   *
   * @param resources versions by name; with state of the world, the version of them all
   */
  record Answer(
      String type, String version, String nonce, Map<String, String> resources, List<String> gone) {
    Answer {
      resources = Map.copyOf(resources);
      gone = List.copyOf(gone);
    }
  }

  private final String node;
  private final ManagedChannel channel;
  private final BlockingQueue<Answer> answers = new LinkedBlockingQueue<>();
  private final Map<String, String> acceptedVersions = new ConcurrentHashMap<>();
  private final Map<String, List<String>> names = new ConcurrentHashMap<>();
  private final @Nullable StreamObserver<DeltaDiscoveryRequest> deltaRequests;
  private final @Nullable StreamObserver<DiscoveryRequest> requests;

  AdsClient(int port, boolean delta) {
    this(port, delta, "envoy-1");
  }

  AdsClient(int port, boolean delta, String node) {
    this.node = node;
    channel =
        Grpc.newChannelBuilderForAddress("127.0.0.1", port, InsecureChannelCredentials.create())
            .build();
    var stub = AggregatedDiscoveryServiceGrpc.newStub(channel);
    deltaRequests =
        delta
            ? stub.deltaAggregatedResources(
                new Receiver<>(response -> answers.add(answer(response))))
            : null;
    requests =
        delta
            ? null
            : stub.streamAggregatedResources(
                new Receiver<>(response -> answers.add(answer(response))));
  }

  private static Answer answer(DeltaDiscoveryResponse response) {
    var resources = new TreeMap<String, String>();
    for (Resource resource : response.getResourcesList()) {
      resources.put(resource.getName(), resource.getVersion());
    }
    return new Answer(
        response.getTypeUrl(),
        response.getSystemVersionInfo(),
        response.getNonce(),
        resources,
        response.getRemovedResourcesList());
  }

  private static Answer answer(DiscoveryResponse response) {
    var resources = new TreeMap<String, String>();
    for (Any resource : response.getResourcesList()) {
      resources.put(Resources.getResourceName(resource), response.getVersionInfo());
    }
    return new Answer(
        response.getTypeUrl(),
        response.getVersionInfo(),
        response.getNonce(),
        resources,
        List.of());
  }

  /** Asks for all resources of a type, or for those named. */
  void subscribe(String type, String... resourceNames) {
    names.put(type, List.of(resourceNames));
    send(type, "", null);
  }

  /** As an Envoy that was connected before and has this version (state of the world). */
  void subscribeAgain(String type, String version, String... resourceNames) {
    acceptedVersions.put(type, version);
    subscribe(type, resourceNames);
  }

  void accept(Answer answer) {
    acceptedVersions.put(answer.type(), answer.version());
    send(answer.type(), answer.nonce(), null);
  }

  void refuse(Answer answer, String reason) {
    send(answer.type(), answer.nonce(), reason);
  }

  private void send(String type, String nonce, @Nullable String error) {
    var sender = Node.newBuilder().setId(node).build();
    var status = Status.newBuilder().setCode(13).setMessage(String.valueOf(error)).build();
    List<String> wanted = names.getOrDefault(type, List.of());
    if (deltaRequests != null) {
      var request =
          DeltaDiscoveryRequest.newBuilder()
              .setNode(sender)
              .setTypeUrl(type)
              .setResponseNonce(nonce);
      if (nonce.isEmpty()) {
        request.addAllResourceNamesSubscribe(wanted);
      }
      if (error != null) {
        request.setErrorDetail(status);
      }
      deltaRequests.onNext(request.build());
    } else if (requests != null) {
      var request =
          DiscoveryRequest.newBuilder()
              .setNode(sender)
              .setTypeUrl(type)
              .setVersionInfo(acceptedVersions.getOrDefault(type, ""))
              .addAllResourceNames(wanted)
              .setResponseNonce(nonce);
      if (error != null) {
        request.setErrorDetail(status);
      }
      requests.onNext(request.build());
    }
  }

  /** The next answer. */
  Answer next() throws InterruptedException {
    Answer answer = answers.poll(LIMIT_SECONDS, TimeUnit.SECONDS);
    if (answer == null) {
      throw new AssertionError("no answer");
    }
    return answer;
  }

  /** Waits a little for an answer that should not come. */
  @Nullable Answer unexpected() throws InterruptedException {
    return answers.poll(QUIET_MILLIS, TimeUnit.MILLISECONDS);
  }

  /** Subscribes to all and accepts all, in Envoy's order. */
  void connect() throws InterruptedException {
    subscribe(CLUSTERS);
    accept(next());
    subscribe(LISTENERS);
    accept(next());
    subscribe(ROUTES, "pointsman");
    accept(next());
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }

  private record Receiver<M>(Consumer<M> consumer) implements StreamObserver<M> {
    @Override
    public void onNext(M message) {
      consumer.accept(message);
    }

    @Override
    public void onError(Throwable t) {}

    @Override
    public void onCompleted() {}
  }
}
