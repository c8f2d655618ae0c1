package io.pointsman.plugin.endpoint;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A live endpoint: identity, address and the counters that belong to it. One object stands for one
 * {@link EndpointKey} as long as discovery knows it, so requests in progress release what they
 * reserved on the object they reserved it on, however often the pool around it was rebuilt.
 *
 * <p>Thread-safe; every method is lock-free and allocation-free.
 */
public final class Endpoint {
  private static final VarHandle IN_FLIGHT;
  private static final VarHandle REQUESTS;
  private static final long ASKED_STEP_NANOS = 1_000_000_000L;

  /** Adapters that an engine has loaded; another container of the pod has none of them. */
  private record Loaded(String container, List<String> adapters) {
    static final Loaded NOTHING = new Loaded("", List.of());
  }

  static {
    try {
      var lookup = MethodHandles.lookup();
      IN_FLIGHT = lookup.findVarHandle(Endpoint.class, "inFlight", int.class);
      REQUESTS = lookup.findVarHandle(Endpoint.class, "requests", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final EndpointKey key;
  private final String model;
  private final EndpointHealth health;
  private final long sinceNanos;
  private final long identity;
  private volatile EndpointSpec spec;

  @SuppressWarnings("UnusedVariable") // read and written through IN_FLIGHT
  private volatile int inFlight;

  @SuppressWarnings("UnusedVariable") // read and written through REQUESTS
  private volatile long requests;

  private volatile int peerInFlight;
  private volatile int peerArrivals;
  private volatile EngineSignals engineSignals = EngineSignals.UNKNOWN;
  private volatile Loaded loaded = Loaded.NOTHING;
  private final Observations observations = new Observations();
  private volatile boolean engineAsked;
  private volatile long engineAskedNanos;

  /**
   * @param sinceNanos when it came, by the clock that the registry goes by
   */
  Endpoint(String model, EndpointSpec spec, EndpointHealth health, long sinceNanos) {
    this.sinceNanos = sinceNanos;
    this.model = model;
    this.key = spec.key();
    this.identity = identity(key);
    this.health = health;
    this.spec = spec;
  }

  public EndpointKey key() {
    return key;
  }

  /** The model this endpoint serves. */
  public String model() {
    return model;
  }

  /** Pod name, or the address where discovery knows no names. */
  public String name() {
    return spec.name();
  }

  /** {@code ip:port}, IPv6 in brackets. */
  public String address() {
    return spec.address();
  }

  /** The IP of {@link #address}, without brackets. */
  public String ip() {
    String address = address();
    String host = address.substring(0, address.lastIndexOf(':'));
    return host.startsWith("[") ? host.substring(1, host.length() - 1) : host;
  }

  /**
   * The container that runs there, empty if discovery knows no containers. What was learnt of an
   * endpoint's cache holds for one container; its counts do not end with it.
   */
  public String container() {
    return spec.container();
  }

  /** Where its engine's metrics page is: {@code ip:port}, IPv6 in brackets. */
  public String metricsAddress() {
    EndpointSpec now = spec;
    String address = now.address();
    return now.metricsPort() == 0
        ? address
        : address.substring(0, address.lastIndexOf(':') + 1) + now.metricsPort();
  }

  /**
   * LoRA adapters that it has loaded, by the names that requests give: as discovery lists them,
   * else as its engine does.
   */
  public List<String> adapters() {
    EndpointSpec now = spec;
    Loaded told = loaded;
    boolean holds = now.adapters().isEmpty() && told.container().equals(now.container());
    return holds ? told.adapters() : now.adapters();
  }

  /** True if discovery lists adapters, so that its engine need not be asked. */
  public boolean hasListedAdapters() {
    return !spec.adapters().isEmpty();
  }

  /** Takes over what its engine lists; true if that is news. */
  boolean loaded(List<String> adapters) {
    var told = new Loaded(spec.container(), List.copyOf(adapters));
    boolean news = !told.equals(loaded);
    loaded = told;
    return news;
  }

  /** The prefill-decode group it belongs to, or null. */
  public @Nullable String roleset() {
    return spec.roleset();
  }

  /** Its part in that group. */
  public EndpointSpec.Role role() {
    return spec.role();
  }

  /** What it says for prefill-decode routing. */
  public Disaggregation disaggregation() {
    return spec.disaggregation();
  }

  /** When it was first known, in nanoseconds by the clock that the registry goes by. */
  public long sinceNanos() {
    return sinceNanos;
  }

  /** False if discovery knows it but says that it takes no requests. */
  public boolean isReady() {
    return spec.ready();
  }

  void update(EndpointSpec newSpec) {
    spec = newSpec;
  }

  EndpointHealth health() {
    return health;
  }

  /** Requests reserved here by this replica and not yet released. */
  public int inFlight() {
    return (int) IN_FLIGHT.getOpaque(this);
  }

  /** Requests in flight here that other replicas have decided, as last heard. */
  public int peerInFlight() {
    return peerInFlight;
  }

  /** Requests that other replicas may have decided since then. */
  public int peerArrivals() {
    return peerArrivals;
  }

  void setPeers(int newInFlight, int newArrivals) {
    peerInFlight = newInFlight;
    peerArrivals = newArrivals;
  }

  /**
   * What the engine said of itself, or {@link EngineSignals#UNKNOWN} if that is out of date. To ask
   * is to show interest: only engines that were asked for are looked at.
   *
   * @param now nanoseconds by the clock that the registry goes by
   */
  public EngineSignals engineSignals(long now) {
    if (!engineAsked || now - engineAskedNanos > ASKED_STEP_NANOS) {
      // Seldom written, so that deciding threads do not contend for the field.
      engineAskedNanos = now;
      engineAsked = true;
    }
    return recentEngineSignals(now);
  }

  /** The same without showing interest. */
  public EngineSignals recentEngineSignals(long now) {
    EngineSignals known = engineSignals;
    return now - known.freshUntilNanos() <= 0 ? known : EngineSignals.UNKNOWN;
  }

  /** True if a decision has asked for the engine's signals within this time. */
  public boolean engineSignalsWanted(long now, long withinNanos) {
    return engineAsked && now - engineAskedNanos <= withinNanos;
  }

  /** Takes over what the engine says of itself now. */
  public void engineSignals(EngineSignals signals) {
    engineSignals = signals;
  }

  /** What this replica has seen of its work. */
  public Observations observations() {
    return observations;
  }

  /** A number that stands for its key, the same on every replica. */
  public long identity() {
    return identity;
  }

  private static long identity(EndpointKey key) {
    // FNV-1a, 64 bit.
    long hash = 0xcbf29ce484222325L;
    for (int i = 0; i < key.uid().length(); i++) {
      hash = (hash ^ key.uid().charAt(i)) * 0x100000001b3L;
    }
    return (hash ^ key.port()) * 0x100000001b3L;
  }

  /** Labels of its pod, for selectors. */
  public Map<String, String> labels() {
    return spec.labels();
  }

  /** Requests ever reserved here by this replica. */
  public long requests() {
    return (long) REQUESTS.getOpaque(this);
  }

  /**
   * Reserves one in-flight request if the count is still what the caller saw.
   *
   * @return false if it has changed; the caller scans again
   */
  public boolean tryReserve(int seen) {
    if (!IN_FLIGHT.compareAndSet(this, seen, seen + 1)) {
      return false;
    }
    REQUESTS.getAndAdd(this, 1L);
    return true;
  }

  /** Reserves one in-flight request whatever the count is. */
  public void reserve() {
    IN_FLIGHT.getAndAdd(this, 1);
    REQUESTS.getAndAdd(this, 1L);
  }

  /** Gives one reservation back. The caller sees to it that this happens once. */
  public void release() {
    IN_FLIGHT.getAndAdd(this, -1);
  }

  /**
   * Takes the permit for a trial request, if this endpoint is in probation, no other trial is under
   * way and the gap since the last one has passed. The permit comes back when an outcome is
   * reported, or by {@link #endTrial}.
   *
   * @param now nanoseconds by the clock that the registry goes by
   * @return a ticket for {@link #endTrial}, or 0 if no trial may begin
   */
  public long tryBeginTrial(long now) {
    return health.tryBeginTrial(now);
  }

  /** Gives a trial permit back; does nothing if that happened before. */
  public void endTrial(long ticket) {
    health.endTrial(ticket);
  }

  @Override
  public String toString() {
    return model + "/" + name() + "@" + address();
  }
}
