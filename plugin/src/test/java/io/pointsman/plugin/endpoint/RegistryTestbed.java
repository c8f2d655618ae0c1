package io.pointsman.plugin.endpoint;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.pointsman.plugin.endpoint.EndpointHealth.Phase;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.random.RandomGenerator;

/** A registry of one model "m" whose time and chance a test holds in its hands. */
final class RegistryTestbed implements AutoCloseable {
  static final HealthSettings SETTINGS =
      new HealthSettings(
          true,
          3,
          Duration.ofSeconds(5),
          Duration.ofMinutes(5),
          0,
          0.5,
          2,
          Duration.ofSeconds(1),
          Duration.ofMinutes(10));

  final HandClock clock = new HandClock();
  final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  final EndpointRegistry registry;

  RegistryTestbed(HealthSettings settings, RandomGenerator random) {
    registry = new EndpointRegistry(settings, meters, clock, random);
  }

  RegistryTestbed(int endpoints) {
    this(SETTINGS, () -> 0L);
    registry.apply(TestTopologies.model("m", endpoints));
  }

  Pool pool() {
    return Objects.requireNonNull(registry.pools().find("m"));
  }

  /** The endpoints of the model in order, whatever their state. */
  List<Endpoint> all() {
    return pool().all();
  }

  Endpoint endpoint(int i) {
    return all().get(i);
  }

  Phase phase(int i) {
    return endpoint(i).health().phase();
  }

  void report(int i, Outcome... outcomes) {
    Endpoint endpoint = endpoint(i);
    for (Outcome outcome : outcomes) {
      registry.report(endpoint, outcome);
      // One after the other, so that each is judged before the next one comes.
      registry.advance();
    }
  }

  /** As many failures as set a ready endpoint aside. */
  void fail(int i) {
    report(i, Outcome.CONNECTION_FAILED, Outcome.UNAVAILABLE, Outcome.CONNECTION_FAILED);
  }

  void pass(Duration time) {
    clock.pass(time);
    registry.advance();
  }

  double count(String meter, String... tags) {
    return meters.get(meter).tags(tags).counter().count();
  }

  double states(String state) {
    return meters.get("pointsman.endpoints").tag("state", state).gauge().value();
  }

  @Override
  public void close() {
    registry.close();
  }
}
