package io.pointsman.plugin.endpoint.kubernetes;

/**
 * Names of the labels and annotations by which a pod says what it serves. Where both a label and an
 * annotation of one name may speak, the label goes first: annotations are for values that labels
 * cannot hold.
 *
 * @param model label or annotation: the model's name
 * @param port label or annotation: the port, or the first of several
 * @param metricsPort label or annotation: the port of the engine's metrics page, if it is another
 * @param engine label or annotation: {@code vllm}, {@code sglang} or {@code trtllm}
 * @param roleset label: the prefill-decode group
 * @param role label: {@code prefill} or {@code decode}; anything else serves whole requests
 * @param config annotation: config profiles, JSON
 * @param adapters annotation: LoRA adapters that it has loaded, a JSON list or with commas between
 * @param connector label or annotation: how vLLM hands KV caches over
 * @param bootstrapPort label or annotation: where an SGLang prefill pod lets decode pods in
 */
public record PodKeys(
    String model,
    String port,
    String metricsPort,
    String engine,
    String roleset,
    String role,
    String config,
    String adapters,
    String connector,
    String bootstrapPort) {

  /** Annotations of this prefix tell the states of models that are loaded and put to sleep. */
  static final String CLAIM_PREFIX = "modelclaim.aibrix.ai/";

  /** Labels by which an engine that spans several pods tells its head from the rest. */
  static final String RAY_NODE_TYPE = "ray.io/node-type";

  static final String POD_GROUP_INDEX = "stormservice.orchestration.aibrix.ai/pod-group-index";

  /** An environment variable of a container: how many ports in a row serve, one for each rank. */
  static final String RANKS_VARIABLE = "data-parallel-size";

  /** The keys of the wire contract, as they are called where nothing else is set. */
  public static final PodKeys STANDARD =
      of("model.aibrix.ai", "model.aibrix.ai/name", "roleset-name", "role-name");

  /**
   * Other names than the standard ones.
   *
   * @param prefix of all but model, roleset and role, without the slash
   */
  public static PodKeys of(String prefix, String model, String roleset, String role) {
    return new PodKeys(
        model,
        prefix + "/port",
        prefix + "/metric-port",
        prefix + "/engine",
        roleset,
        role,
        prefix + "/config",
        prefix + "/adapters",
        prefix + "/kv-connector-type",
        prefix + "/sglang-bootstrap-port");
  }
}
