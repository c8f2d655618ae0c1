package io.pointsman.plugin.app;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Every setting of the plugin: the one place that says how it is called, what it means and what
 * applies where it is not given. Help, environment names and the start-up line come from here.
 *
 * <p>The flag is the constant's name in lower case with dashes; the environment name is {@code
 * POINTSMAN_} and the constant's name.
 */
enum Setting {
  GRPC_BIND_ADDRESS(
      Group.LISTENERS, "HOST:PORT", ":50052", "Where Envoy reaches the ext_proc service."),
  HTTP_BIND_ADDRESS(
      Group.LISTENERS, "HOST:PORT", ":8080", "Where /metrics, /healthz, /readyz, /v1/models are."),
  DEBUG_BIND_ADDRESS(
      Group.LISTENERS,
      "HOST:PORT",
      null,
      "Where /debug is, for any client that reaches it. Without it, /debug is on the HTTP port and"
          + " answers to loopback clients only."),
  MAX_MESSAGE_BYTES(
      Group.LISTENERS,
      "BYTES",
      Integer.toString((4 << 20) + (64 << 10)),
      "Largest gRPC message taken. Envoy's buffer limit plus 64 KiB lets a body of exactly that"
          + " limit pass.",
      "AIBRIX_GRPC_MAX_MESSAGE_SIZE_BYTES"),
  MAX_BODY_BYTES(
      Group.LISTENERS,
      "BYTES",
      Integer.toString(4 << 20),
      "Largest request body held while it streams in under FULL_DUPLEX_STREAMED; a longer one gets"
          + " 413. In the other modes Envoy's buffer limit applies."),
  KEEPALIVE_TIME(
      Group.LISTENERS,
      "DURATION",
      "20s",
      "A connection silent for this long is pinged, so that a vanished Envoy leaks no counts."),
  KEEPALIVE_TIMEOUT(
      Group.LISTENERS,
      "DURATION",
      "5s",
      "A ping unanswered for this long ends the connection and every stream on it."),
  PERMIT_KEEPALIVE_TIME(
      Group.LISTENERS,
      "DURATION",
      "5s",
      "Shortest interval at which Envoy may ping; a faster one gets GOAWAY."),
  MAX_CONCURRENT_CALLS_PER_CONNECTION(
      Group.LISTENERS,
      "COUNT",
      "1000",
      "Streams one connection may carry; Envoy opens further connections beyond. One connection is"
          + " served by one core."),

  TLS(
      Group.TLS,
      "MODE",
      "off",
      "off: plaintext. self-signed: a certificate made at start, for encryption without identity."
          + " files: the certificate and key below, read again when they change."),
  TLS_CERT(Group.TLS, "FILE", null, "Certificate chain, PEM."),
  TLS_KEY(Group.TLS, "FILE", null, "Its private key, PKCS #8 PEM."),

  DISCOVERY(
      Group.ROUTING,
      "SOURCE",
      "file",
      "Where models and endpoints are found. file: in --endpoints-config. kubernetes: labelled"
          + " pods, see below."),
  ENDPOINTS_CONFIG(
      Group.ROUTING,
      "FILE",
      null,
      "YAML file of models and endpoints, watched. Required with --discovery=file."),
  STANDALONE(
      Group.ROUTING,
      "BOOLEAN",
      "false",
      "Taken for compatibility and without effect: --endpoints-config alone says it."),
  ROUTING_ALGORITHM(
      Group.ROUTING,
      "STRATEGY",
      "random",
      "Strategy where neither annotation lock, routing-strategy header nor profile names one.",
      "ROUTING_ALGORITHM"),
  EXTERNAL_FILTER(
      Group.ROUTING,
      "BOOLEAN",
      "false",
      "Let clients choose among a model's endpoints by a label selector in the header"
          + " external-filter."),
  MAX_IN_FLIGHT_PER_POD(
      Group.ROUTING,
      "COUNT",
      "0",
      "An endpoint with so many requests in flight, of all replicas, gets no more; where all have,"
          + " requests get 503. 0: no limit."),
  ROUTE_ON_HEADERS(
      Group.ROUTING,
      "BOOLEAN",
      "false",
      "Decide on the request headers wherever the model is known there and the strategy does not"
          + " read the prompt."),
  TRUSTED_MODEL_HEADER(
      Group.ROUTING,
      "NAME",
      null,
      "Request header that names the model and that clients cannot set, because Envoy or a gateway"
          + " overwrites it."),

  AUTH_BEARER_TOKEN(
      Group.IDENTITY,
      "SECRET",
      null,
      "One API key for all clients, who send it as Authorization: Bearer; better given by"
          + " environment, where no process list shows it.",
      "AIBRIX_AUTH_BEARER_TOKEN"),
  API_KEYS_FILE(
      Group.IDENTITY,
      "FILE",
      null,
      "YAML file of hashed API keys, such as a mounted Secret; watched."),
  REQUIRE_API_KEY(
      Group.IDENTITY,
      "BOOLEAN",
      "false",
      "Every request needs an API key, if only one of those in Redis. The two settings above say"
          + " so by themselves."),
  FORWARD_AUTHORIZATION(
      Group.IDENTITY,
      "BOOLEAN",
      "false",
      "Let pods see the client's Authorization header also where it holds an API key of ours."),
  MASTER_KEY(
      Group.IDENTITY,
      "SECRET",
      null,
      "Key of those who may create, list and revoke API keys at /internal/api-keys on the HTTP"
          + " port; without it the path is not there. Better given by environment."),
  MASTER_KEY_FILE(Group.IDENTITY, "FILE", null, "The same in a file, which is watched."),
  AUDIT_LOG(
      Group.IDENTITY,
      "FILE|stdout",
      null,
      "One JSON line for each request that is refused and each action of an administrator: who,"
          + " what, why. Without it nothing is recorded."),
  USERS(
      Group.IDENTITY,
      "POLICY",
      "known",
      "What the header user means where no API key is asked for and a Redis is set. known: the user"
          + " must be stored there, and its limits hold. any: users that are not stored pass"
          + " without limits. off: users are not looked up."),
  REDIS_FAILURE_MODE(
      Group.IDENTITY,
      "MODE",
      "open",
      "While Redis is away, users that are not remembered pass without limits of their own, and"
          + " each replica spends its share of each budget (open); or such requests get 503"
          + " (closed)."),

  LIMIT_REPLICAS(
      Group.LIMITS,
      "COUNT",
      "1",
      "Replicas of the plugin among which budgets are divided as long as Redis has not told their"
          + " number, or always where no Redis is set."),
  LIMIT_ANSWER_TOKENS(
      Group.LIMITS,
      "COUNT",
      "1024",
      "Tokens that an answer is charged beforehand where its request sets no limit that its API knows."),
  LIMIT_ADD_INCLUDE_USAGE(
      Group.LIMITS,
      "BOOLEAN",
      "false",
      "Add stream_options.include_usage to streamed requests that are charged by tokens and lack"
          + " it. Otherwise they get 400."),

  KUBECONFIG(
      Group.KUBERNETES,
      "FILE",
      null,
      "How to reach the API server. Without it: as the pod's service account, or outside a cluster"
          + " as kubectl does."),
  KUBERNETES_NAMESPACES(
      Group.KUBERNETES,
      "NAMES",
      null,
      "Where to look for pods: names with commas between, or * for everywhere. Without it: the own"
          + " namespace, as a label elsewhere could capture a model's requests."),
  KUBERNETES_SELECTOR(
      Group.KUBERNETES,
      "SELECTOR",
      null,
      "Label selector of model pods. Without it: every pod that has the model label."),
  KUBERNETES_INFERENCE_POOLS(
      Group.KUBERNETES,
      "BOOLEAN",
      "false",
      "Pods that an InferencePool (inference.networking.k8s.io/v1) selects are found too, at its"
          + " target ports; its model label, or else its name, is the model's."),
  KUBERNETES_LABEL_PREFIX(
      Group.KUBERNETES,
      "DOMAIN",
      "model.aibrix.ai",
      "Begins the names of the labels and annotations port, metric-port, engine, config and"
          + " adapters."),
  KUBERNETES_MODEL_LABEL(
      Group.KUBERNETES,
      "NAME",
      "model.aibrix.ai/name",
      "Label, or annotation, that names the model a pod serves."),
  KUBERNETES_ROLESET_LABEL(
      Group.KUBERNETES, "NAME", "roleset-name", "Label of the prefill-decode group of a pod."),
  KUBERNETES_ROLE_LABEL(
      Group.KUBERNETES, "NAME", "role-name", "Label with its role there: prefill or decode."),

  ENGINE_METRICS_INTERVAL(
      Group.ENGINES,
      "DURATION",
      "1s",
      "How often metrics pages of engines are read, as long as the strategies in use ask for what"
          + " they tell; 0s is never."),
  ENGINE_ADAPTERS_INTERVAL(
      Group.ENGINES,
      "DURATION",
      "0s",
      "How often engines are asked at /v1/models which LoRA adapters they have loaded, where none"
          + " are listed for their pod; 0s is never. Goes by the settings below too."),
  ENGINE_METRICS_JITTER(
      Group.ENGINES, "FRACTION", "0.2", "Each interval is changed at random by this part."),
  ENGINE_METRICS_TIMEOUT(
      Group.ENGINES, "DURATION", "2s", "An engine that takes longer is asked less often."),
  ENGINE_METRICS_FRESHNESS(
      Group.ENGINES, "DURATION", "5s", "How long what an engine told is good."),
  ENGINE_METRICS_CONCURRENCY(Group.ENGINES, "COUNT", "32", "Pages read at once."),
  ENGINE_METRICS_MAX_BYTES(Group.ENGINES, "BYTES", "1048576", "Longest page that is read."),

  RESPONSE_HEADERS(
      Group.RESPONSES,
      "BOOLEAN",
      "true",
      "Tell clients in response headers who served them; takes one round trip per response."),
  USAGE_METRICS(
      Group.RESPONSES,
      "BOOLEAN",
      "false",
      "Count the tokens that model servers report; every response body then passes through here."),
  ACCESS_LOG(
      Group.RESPONSES,
      "BOOLEAN",
      "false",
      "Receive Envoy's gRPC access log on the ext_proc port: causes of ends, time to first byte,"
          + " bytes."),

  PASSIVE_HEALTH(
      Group.HEALTH, "BOOLEAN", "true", "Set endpoints aside that fail several times in a row."),
  HEALTH_FAILURES(Group.HEALTH, "COUNT", "3", "Failures in a row that set an endpoint aside."),
  HEALTH_BASE_TIME(
      Group.HEALTH, "DURATION", "5s", "How long the first time; doubled each further time."),
  HEALTH_MAX_TIME(Group.HEALTH, "DURATION", "5m", "The longest time it is set aside."),
  HEALTH_JITTER(
      Group.HEALTH, "FRACTION", "0.2", "Each time is shortened at random by up to this, 0 to 0.5."),
  HEALTH_MAX_SET_ASIDE(
      Group.HEALTH,
      "FRACTION",
      "0.5",
      "Largest part of a model's ready endpoints of one role set aside at once, 0 to 0.5."),
  HEALTH_PROBATION_SUCCESSES(
      Group.HEALTH, "COUNT", "2", "Answers in a row that end an endpoint's probation."),
  HEALTH_TRIAL_GAP(
      Group.HEALTH, "DURATION", "1s", "Shortest time between two trial requests to an endpoint."),
  HEALTH_FORGET_AFTER(
      Group.HEALTH,
      "DURATION",
      "10m",
      "An endpoint that stayed ready for this long starts again with the base time."),

  REDIS_URL(
      Group.REDIS,
      "URL",
      null,
      "redis://[[user]:password@]host[:port][/database],"
          + " redis-sentinel://[login@]host[:port],...[/database]?master=NAME or"
          + " redis-cluster://[login@]host[:port],...; rediss for TLS. Goes before the two below."
          + " Without it and --redis-host, state stays in this process."),
  REDIS_HOST(Group.REDIS, "HOST", null, "Redis by host instead of URL.", "REDIS_HOST"),
  REDIS_PORT(Group.REDIS, "PORT", "6379", "Its port.", "REDIS_PORT"),
  REDIS_PASSWORD(
      Group.REDIS,
      "SECRET",
      null,
      "Its password, also for a --redis-url that holds none; better given by environment, where no"
          + " process list shows it.",
      "REDIS_PASSWORD"),

  REDIS_KEY_PREFIX(
      Group.REDIS,
      "TEXT",
      "default/pointsman",
      "Begins every key; <namespace>/<release>, so that releases can share a Redis."),
  REDIS_BLOCK_SHARDS(
      Group.REDIS,
      "COUNT",
      "1",
      "Streams over which models' block news are spread; the same on every replica."),
  REDIS_STREAM_BYTES(
      Group.REDIS, "BYTES", "268435456", "About how much memory each of them may take in Redis."),
  REDIS_RECOVERY_DEADLINE(
      Group.REDIS,
      "DURATION",
      "5s",
      "Readiness waits at most this long for what other replicas know to be read back, once"
          + " endpoints are known."),

  PREFIX_BLOCK_BYTES(
      Group.PREFIX,
      "BYTES",
      "128",
      "Size of the blocks that prompts are cut into, where no profile says otherwise; the same on"
          + " every replica.",
      "AIBRIX_PREFIX_CACHE_BLOCK_SIZE"),
  PREFIX_MAX_PROMPT_BYTES(
      Group.PREFIX, "BYTES", "1048576", "How much of a prompt is looked at, from its start."),
  PREFIX_MIN_MATCH_BLOCKS(Group.PREFIX, "COUNT", "1", "Shortest match that counts."),
  PREFIX_GATE_SPREAD(
      Group.PREFIX,
      "COUNT",
      "16",
      "An endpoint with so many more in flight than the least loaded one is too busy.",
      "AIBRIX_PREFIX_CACHE_POD_RUNNING_REQUEST_IMBALANCE_ABS_COUNT"),
  PREFIX_GATE_DEVIATIONS(
      Group.PREFIX,
      "COUNT",
      "2",
      "So is one with more than the mean and so many standard deviations.",
      "AIBRIX_PREFIX_CACHE_STANDARD_DEVIATION_FACTOR"),
  PREFIX_GATE_FREE(
      Group.PREFIX, "COUNT", "4", "With so many in flight or fewer no endpoint is too busy."),
  PREFIX_RAMP(
      Group.PREFIX,
      "DURATION",
      "30s",
      "An endpoint new to its pool gets its full share of unmatched prompts after this long."),
  PREFIX_MAP_BYTES(
      Group.PREFIX,
      "BYTES",
      "268435456",
      "Memory for the block map, a hard limit; it grows to it."),
  PREFIX_TTL(
      Group.PREFIX,
      "DURATION",
      "20m",
      "A block not used for this long does not count. A bare number means minutes.",
      "AIBRIX_PREFIX_CACHE_EVICTION_DURATION_MINS"),
  PREFIX_BLOCKS_PER_ENDPOINT(
      Group.PREFIX,
      "COUNT",
      "0",
      "Blocks that an endpoint's cache holds: what it must have evicted does not count. 0: not"
          + " known."),

  PD_PREFILL_SPREAD(
      Group.PD,
      "COUNT",
      "16",
      "Prefill pods more than so many requests apart are out of balance: the least loaded one is"
          + " taken.",
      "AIBRIX_PREFILL_LOAD_IMBALANCE_MIN_SPREAD"),
  PD_DECODE_SPREAD(
      Group.PD,
      "COUNT",
      "16",
      "So are decode pods that are so many apart.",
      "AIBRIX_DECODE_LOAD_IMBALANCE_MIN_SPREAD"),
  PD_PREFILL_SCORE_POLICY(
      Group.PD,
      "POLICY",
      "prefix_cache",
      "How prefill pods are compared where no profile says: prefix_cache or least_request.",
      "AIBRIX_PREFILL_SCORE_POLICY"),
  PD_DECODE_SCORE_POLICY(
      Group.PD,
      "POLICY",
      "load_balancing",
      "How decode pods are compared where no profile says: load_balancing or least_request.",
      "AIBRIX_DECODE_SCORE_POLICY"),
  PD_SKIP_SHARE(
      Group.PD,
      "FRACTION",
      "0.8",
      "A decode pod that holds this share of a prompt does without a prefill elsewhere; 0: never."),
  PD_ON_PREFILL_FAILURE(
      Group.PD,
      "POLICY",
      "decode-only",
      "When no prefill pod could be made to work and no profile says: decode-only, where the decode"
          + " pod does all of it, or fail."),
  PREFILL_BY(
      Group.PD,
      "CALLER",
      "plugin",
      "Who calls the prefill pod. plugin: this program. sidecar: a proxy beside the decode pod,"
          + " which is told the pod in the request header x-prefiller-host-port."),
  PREFILL_TIMEOUT(
      Group.PD,
      "DURATION",
      "20s",
      "Longest time of one call. A bare number means seconds.",
      "AIBRIX_PREFILL_REQUEST_TIMEOUT"),
  PREFILL_DEADLINE(
      Group.PD,
      "DURATION",
      "30s",
      "Longest time that a request waits for its prefill, with every retry. Must be below"
          + " --message-timeout, or below --max-message-timeout where that is set."),
  PREFILL_ATTEMPTS(Group.PD, "COUNT", "3", "Most prefill pods that are tried for one request."),
  PREFILL_MAX_PER_POD(
      Group.PD, "COUNT", "64", "Most prefills that this replica has under way on one pod."),
  PREFILL_MAX_RESPONSE_BYTES(
      Group.PD, "BYTES", "4194304", "Longest answer of a prefill pod that is read."),
  PREFILL_HEADERS(
      Group.PD,
      "NAMES",
      "traceparent,tracestate",
      "Request headers that go on to the prefill pod beside x-request-id, with commas between;"
          + " authorization only if it is named here."),
  MESSAGE_TIMEOUT(
      Group.PD,
      "DURATION",
      null,
      "How long Envoy's filter waits for an answer (message_timeout), as it is set there."),
  MAX_MESSAGE_TIMEOUT(
      Group.PD,
      "DURATION",
      null,
      "How long it can be asked to wait (max_message_timeout), as it is set there. With it, Envoy"
          + " is asked for more time while a prefill is waited for, so that --message-timeout can"
          + " be short. If neither is set, it is asked for 60s, which it ignores where it may not be"
          + " asked."),

  WARM_UP_TIME(
      Group.LIFECYCLE,
      "DURATION",
      "2s",
      "Readiness waits at most this long for made-up requests to warm the pipeline; 0s is off."),
  DRAIN_GRACE(
      Group.LIFECYCLE,
      "DURATION",
      "5s",
      "After SIGTERM the plugin is not ready, but serves on for this long, so that Envoy notices"
          + " before streams are ended."),
  DRAIN_DEADLINE(
      Group.LIFECYCLE,
      "DURATION",
      "60s",
      "This long after SIGTERM whatever still runs is cut. The pod's termination grace period must"
          + " be longer.");

  /** A heading of the help page. */
  enum Group {
    LISTENERS("Listeners"),
    TLS("TLS on the ext_proc port"),
    ROUTING("Discovery and routing"),
    IDENTITY("Keys and users"),
    LIMITS("Budgets"),
    KUBERNETES("Discovery by Kubernetes"),
    ENGINES("Engine metrics"),
    RESPONSES("Responses"),
    HEALTH("Passive health"),
    REDIS("Redis"),
    PREFIX("Strategy prefix-cache"),
    PD("Strategy pd"),
    LIFECYCLE("Start and stop");

    private final String heading;

    Group(String heading) {
      this.heading = heading;
    }

    String heading() {
      return heading;
    }
  }

  private final Group group;
  private final String valueLabel;
  private final @Nullable String defaultValue;
  private final String description;
  private final @Nullable String alias;

  Setting(Group group, String valueLabel, @Nullable String defaultValue, String description) {
    this(group, valueLabel, defaultValue, description, null);
  }

  Setting(
      Group group,
      String valueLabel,
      @Nullable String defaultValue,
      String description,
      @Nullable String alias) {
    this.group = group;
    this.valueLabel = valueLabel;
    this.defaultValue = defaultValue;
    this.description = description;
    this.alias = alias;
  }

  Group group() {
    return group;
  }

  /** What kind of value it takes, for the help page. */
  String valueLabel() {
    return valueLabel;
  }

  /** True if the flag alone means true. */
  boolean isSwitch() {
    return valueLabel.equals("BOOLEAN");
  }

  /** True if the value must never be shown. */
  boolean isSecret() {
    return switch (this) {
      case REDIS_PASSWORD, REDIS_URL, AUTH_BEARER_TOKEN, MASTER_KEY -> true;
      default -> false;
    };
  }

  /** Null means: not set. */
  @Nullable String defaultValue() {
    return defaultValue;
  }

  String description() {
    return description;
  }

  String flag() {
    return "--" + name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** What AIBrix calls the same flag besides. */
  String[] otherFlags() {
    return this == HTTP_BIND_ADDRESS ? new String[] {"--metrics-bind-address"} : new String[0];
  }

  /** Ours, then the one of the wire contract that means the same, if there is one. */
  List<String> environmentNames() {
    String ours = "POINTSMAN_" + name();
    return alias == null ? List.of(ours) : List.of(ours, alias);
  }
}
