# Sourced by cluster.sh: the chart in a cluster, from installation to removal, with Envoy Gateway and the programs themselves.
component=app.kubernetes.io/component

chart() { # install|upgrade RELEASE NAMESPACE FLAG...
  local verb=$1 release=$2 namespace=$3
  shift 3
  helm "$verb" "$release" "$root/charts/pointsman" -n "$namespace" --wait --timeout 5m "$@"
}

envoy_url() { # SERVICE
  echo "http://$(k -n envoy-gateway-system get service "$1" -o 'jsonpath={.spec.clusterIP}')"
}

# The pick that the answer tells is the pod that answered, and each pod is picked.
honours_picks() { # URL [CURL FLAG...]
  local url=$1 i picked=()
  shift
  for i in {1..30}; do
    ask "$url" '"max_tokens": 2' "$@" || return 1
    expect "the status, with $(<"$run/body")," 200 "$(status)" || return 1
    expect 'who served' "$(header target-pod-ip)" "$(header x-served-by)" || return 1
    picked+=("$(header target-pod-ip)")
  done
  expect 'the pods that were picked' "$(pods servers app=alpha '.status.podIP' | sed 's/$/:8000/' | sort)" \
    "$(printf '%s\n' "${picked[@]}" | sort -u)"
}

# Leaves headers and body in files of these names.
ask() { # URL MEMBERS [CURL FLAG...]
  local url=$1 members=$2
  shift 2
  rm -f "$run/headers" "$run/body"
  curl -sS -m 30 -D "$run/headers" -o "$run/body" "$@" "$url/v1/chat/completions" \
    -d '{"model": "alpha", "messages": [{"role": "user", "content": "hello"}], '"$members}"
}

status() {
  sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$run/headers"
}

header() { # NAME
  tr -d '\r' <"$run/headers" | sed -n "s/^$1: //Ip"
}

is_installed() {
  k create namespace servers >/dev/null
  create_model_servers servers alpha 3 'model.aibrix.ai/name: alpha, model.aibrix.ai/engine: vllm' >/dev/null
  create_model_servers servers decoy 1 >/dev/null
  k -n servers rollout status deployment alpha decoy --timeout=120s >/dev/null
  chart install pm pointsman --create-namespace --set gatewayPlugin.discovery.namespaces='{servers}' \
    --set gateway.tls.enabled=true --set gateway.tls.autoGenerate=true --set gateway.tls.hostname=llm.example.com \
    --set gateway.envoyProxy.replicas=1 >/dev/null
  await 60 k -n pointsman wait --for=condition=Programmed --timeout=1s gateway --all
}

# Each policy, for its present generation; the words of Envoy Gateway if not.
in_force() { # NAMESPACE KINDS...
  k -n "$1" get "$2" -o json | python3 -c '
import json, sys
wanted = int(sys.argv[1])
policies = json.load(sys.stdin)["items"]
problems = ["there are %d policies" % len(policies)] if len(policies) != wanted else []
for policy in policies:
    metadata = policy["metadata"]
    conditions = [c for a in policy.get("status", {}).get("ancestors", []) for c in a["conditions"]]
    types = {"Accepted", "Programmed"} if policy["kind"] == "EnvoyPatchPolicy" else {"Accepted"}
    missing = types - {c["type"] for c in conditions if c["observedGeneration"] == metadata["generation"]}
    bad = [c for c in conditions if c["status"] != "True" and c["type"] != "Warning"]
    if missing or bad:
        problems.append("%s %s: missing %s, %s" % (policy["kind"], metadata["name"], sorted(missing), bad))
if problems:
    sys.exit("\n".join(problems))
' "${3:-4}"
}

policies_in_force() {
  await 60 in_force pointsman $policy_kinds
}

passes_its_test() {
  helm test pm -n pointsman --timeout 2m
}

streams() {
  ask "$url" '"stream": true, "max_tokens": 5'
  contains 'the stream' 'data: [DONE]' "$(<"$run/body")"
}

# Runs clients in the background, a command, and ends the clients, whose figures are printed.
meanwhile() { # CLIENTS COMMAND... where CLIENTS are words for traffic.py
  local clients=$1 file=$run/stop.$RANDOM pid said=0
  shift
  python3 "$here/cluster/traffic.py" $clients "$file" >"$file.figures" 2>"$file.problems" &
  pid=$!
  await 30 test -e "$file.begun" || said=$?
  [[ $said != 0 ]] || "$@" >"$file.output" 2>&1 || said=$?
  touch "$file"
  wait "$pid" || true
  [[ $said == 0 ]] || cat "$file.output" "$file.problems"
  figures=$(<"$file.figures")
  return "$said"
}

decoy_is_not_reached() { # COMMAND...
  meanwhile "attack $url alpha $(pods servers app=decoy '.status.podIP'):8000" "$@"
  contains 'what attackers saw' '"reached": 0' "$figures"
  [[ $figures =~ \"answers\":\ [1-9] ]] || {
    echo "there was no attack: $figures"
    return 1
  }
}

rounds_of_picks() {
  honours_picks "$url"
  honours_picks "$url"
}

envoy_admin() { # PATH
  local uid
  uid=$(pods envoy-gateway-system gateway.envoyproxy.io/owning-gateway-name=pm '.metadata.uid')
  ip netns exec "pod-${uid:0:8}" curl -sS -m 10 "http://127.0.0.1:19000$1"
}

envoy_has() { # TEXT: in what it serves by
  contains "Envoy's configuration" "$1" "$(envoy_admin /config_dump | tr -d ' \n')"
}

follows_values() {
  local before
  before=$(pods pointsman "$component=gateway-plugin" '.metadata.name')
  chart upgrade pm pointsman --reuse-values --set gateway.envoyPatchPolicy.circuitBreakers.maxRequests=777 \
    --set gateway.clientTrafficPolicy.http2.maxConcurrentStreams=333 >/dev/null
  await 60 envoy_has '"max_requests":777'
  await 60 envoy_has '"max_concurrent_streams":333'
  expect 'the pods of the plugin' "$before" "$(pods pointsman "$component=gateway-plugin" '.metadata.name')"
  await 30 in_force pointsman $policy_kinds
}

# Every answer is whole, although each replica is replaced.
rolls_out_under_load() {
  local before
  before=$(pods pointsman "$component=gateway-plugin" '.metadata.name')
  meanwhile "load $url alpha 4" chart upgrade pm pointsman --reuse-values --set gatewayPlugin.podAnnotations.rollout=one
  [[ $before != "$(pods pointsman "$component=gateway-plugin" '.metadata.name')" ]]
  [[ $figures =~ ^\{\"outcomes\":\ \{\"200\":\ [0-9]+\} ]] || {
    echo "$figures"
    return 1
  }
}

answers_unavailable() {
  ask "$url" '"max_tokens": 2' || return 1
  expect 'the status' 503 "$(status)" || return 1
  contains 'the answer' '"code":"service_unavailable"' "$(<"$run/body")" || return 1
  expect 'the content type' application/json "$(header content-type)" || return 1
  expect 'when to try again' 1 "$(header retry-after)"
}

no_plugin_is_left() {
  expect 'the pods of the plugin' '' "$(pods pointsman "$component=gateway-plugin" '.metadata.name')"
}

kill_plugin() {
  k -n pointsman scale deployment -l "$component=gateway-plugin" --replicas=0 >/dev/null
  k -n pointsman delete pod -l "$component=gateway-plugin" --force --grace-period=0 >/dev/null 2>&1
  await 60 no_plugin_is_left
}

revive_plugin() {
  k -n pointsman scale deployment -l "$component=gateway-plugin" --replicas=2 >/dev/null
  await 120 honours_picks "$url"
}

# A stream that is under way when every replica is killed goes on to its end.
outlives_the_plugin() {
  curl -sS -m 60 -N "$url/v1/chat/completions" -o "$run/stream" -d '{"model": "alpha", "stream": true, "max_tokens": 200,
    "messages": [{"role": "user", "content": "hello"}]}' &
  await 20 grep -q data: "$run/stream"
  kill_plugin
  wait $!
  contains 'the stream' 'data: [DONE]' "$(tail -c 100 "$run/stream")"
  await 30 answers_unavailable
  decoy_is_not_reached answers_unavailable
  revive_plugin
}

serves_tls() {
  honours_picks https://llm.example.com --insecure --resolve "llm.example.com:443:${url#http://}"
}

destination() { # originalDst|endpointOverride FAIL_OPEN
  chart upgrade pm pointsman --reuse-values --set "gateway.destination=$1" --set "gatewayPlugin.failOpen=$2" >/dev/null
}

overrides_endpoints() {
  destination endpointOverride false
  await 60 in_force pointsman clienttrafficpolicies,envoyextensionpolicies,envoypatchpolicies 2
  await 60 honours_picks "$url"
  decoy_is_not_reached rounds_of_picks
  kill_plugin
  await 30 answers_unavailable
  decoy_is_not_reached answers_unavailable
  revive_plugin
  destination originalDst true
  policies_in_force
  await 30 honours_picks "$url"
}

secrets() {
  k -n pointsman get secrets -o 'jsonpath={range .items[*]}{.type} {.metadata.name} {.data}{"\n"}{end}' | grep '^Opaque'
}

keeps_secrets() {
  local before
  before=$(secrets)
  contains 'the secrets' master-key "$before"
  chart upgrade pm pointsman --reuse-values >/dev/null
  expect 'the secrets' "$before" "$(secrets)"
}

# Its routes and policies are in the Gateway's namespace, all else is in its own.
attaches_to_a_gateway() {
  k create namespace edge >/dev/null
  k -n edge apply -f - >/dev/null <<'YAML'
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: edge}
spec: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
spec: {gatewayClassName: edge, listeners: [{name: http, protocol: HTTP, port: 80}]}
YAML
  chart install pm second --create-namespace --set gatewayPlugin.discovery.namespaces='{servers}' --set gatewayPlugin.replicaCount=1 \
    --set gateway.existing.name=edge --set gateway.existing.namespace=edge >/dev/null
  await 60 in_force edge $policy_kinds
  local service
  service=$(k -n envoy-gateway-system get service -l gateway.envoyproxy.io/owning-gateway-name=edge -o 'jsonpath={.items[0].metadata.name}')
  await 60 honours_picks "$(envoy_url "$service")"
  honours_picks "$url"
  helm uninstall pm -n second --wait --timeout 3m >/dev/null
  expect 'what is left of the policies' '' "$(k -n edge get $policy_kinds -o name)"
  expect 'what is left of the routes' '' "$(k -n edge get httproutes,httproutefilters -o name)"
  honours_picks "$url"
}

# The garbage collector takes the policies where nobody ran the hook.
goes_without_hooks() {
  chart install plain third --create-namespace --set gatewayPlugin.replicaCount=1 --set gateway.envoyProxy.replicas=1 \
    --set gatewayPlugin.withoutSharedState=true --set metadata.redis.enabled=false >/dev/null
  await 60 k -n third get $policy_kinds plain
  helm uninstall plain -n third --no-hooks --wait --timeout 3m >/dev/null
  await 60 is_empty third
}

is_empty() { # NAMESPACE: but for what every namespace has, what is to be kept, and the Lease that keeps the controller from its work
  local kinds=pods,deployments,statefulsets,services,configmaps,roles,rolebindings,jobs,networkpolicies
  kinds+=,httproutes,gateways,envoyproxies,httproutefilters,$policy_kinds
  expect 'what is left' '' "$(k -n "$1" get "$kinds" -o name | grep -v configmap/kube-root-ca.crt)"
}

is_uninstalled() {
  decoy_is_not_reached helm uninstall pm -n pointsman --wait --timeout 4m
  await 60 is_empty pointsman
}

chart_checks() {
  local url
  section "The chart with Envoy Gateway $envoy_gateway_version, from installation to removal"
  start_gateway_cluster
  check "installs beside Envoy Gateway's own chart, and every pod becomes ready" install_all
  url=$(envoy_url pointsman-pm-envoy)
  check 'has every policy in force' policies_in_force
  check 'lets every pick decide who answers, and picks each pod' honours_picks "$url"
  check 'passes helm test' passes_its_test
  check 'streams' streams
  check 'serves the same by TLS' serves_tls
  check 'lets no client choose an address' decoy_is_not_reached rounds_of_picks
  check 'brings changed values to Envoy, and restarts nothing' follows_values
  check 'keeps its secrets over upgrades' keeps_secrets
  check 'replaces every replica of the plugin under load, and no answer is lost' rolls_out_under_load
  check 'finishes what is under way and refuses the rest when every replica is killed' outlives_the_plugin
  check 'changes to endpointOverride and back' overrides_endpoints
  check 'attaches to a Gateway of another namespace, and leaves it as it was' attaches_to_a_gateway
  check 'is cleaned up by the garbage collector where its hooks do not run' goes_without_hooks
  check 'goes whole, and no client gets through meanwhile' is_uninstalled
}

install_all() {
  install_envoy_gateway >/dev/null
  is_installed
}
