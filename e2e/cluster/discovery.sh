# Sourced by cluster.sh: the plugin finds its models as pods of a real API server.
plugin=http://127.0.0.1:8080
metric() { # NAME: the sum over its labels
  curl -sf "$plugin/metrics" | awk -v name="$1" '$1 == name || index($1, name "{") == 1 {sum += $2} END {print sum + 0}'
}

is_metric() { # NAME VALUE
  expect "$1" "$2" "$(metric "$1")"
}

ready_endpoints() { # MODEL: addresses, sorted
  curl -sf "$plugin/debug/endpoints" | python3 -c '
import json, sys
for model in json.load(sys.stdin).get("models", []):
    if model["name"] == sys.argv[1]:
        print(*sorted(e["address"] for e in model.get("endpoints", []) if e["state"] == "STATE_READY"))
' "$1"
}

are_ready() { # MODEL ADDRESSES
  expect "what is ready for $1" "$2" "$(ready_endpoints "$1")"
}

start_plugin() { # NAMESPACE FLAG...
  local namespace=$1
  shift
  start plugin in_pod "$namespace" plugin java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx256m \
    -cp "$classpath" io.pointsman.plugin.app.Main --warm-up-time=0s --drain-grace=0s --discovery=kubernetes "$@"
  await 60 plugin_is_ready
}

plugin_is_ready() {
  curl -sf "$plugin/readyz"
}

# The rights that the README asks for, and no others: its own words.
create_plugin_account() { # NAMESPACE
  k create namespace "$1"
  k -n "$1" create serviceaccount plugin
  {
    printf 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: plugin}\n'
    sed -n '/^Rights that its service account needs/,/^With `--kubernetes/{/^rules:/,/^```/{/^```/!p}}' "$root/README.md"
  } | k -n "$1" create -f -
  k -n "$1" create rolebinding plugin --role=plugin --serviceaccount="$1:plugin"
}

follows_pods() {
  create_pod models a-0 alpha 10.99.0.10
  create_pod models a-1 alpha 10.99.0.11 'model.aibrix.ai/port: "8001"'
  await 30 are_ready alpha '10.99.0.10:8000 10.99.0.11:8001'
  pod_status models a-0 10.99.0.10 False 0
  await 30 are_ready alpha 10.99.0.11:8001
  pod_status models a-0 10.99.0.10 True 0
  await 30 are_ready alpha '10.99.0.10:8000 10.99.0.11:8001'
  k -n models delete pod a-1 --wait=false >/dev/null
  await 30 are_ready alpha 10.99.0.10:8000
  k -n models get pod a-1 -o jsonpath='{.metadata.deletionTimestamp}' | grep -q .
  k -n models delete pod a-1 --force --grace-period=0 >/dev/null 2>&1
  await 30 is_metric pointsman_endpoints 1
}

pods_elsewhere_are_none() {
  k create namespace elsewhere >/dev/null
  create_pod elsewhere thief alpha 10.99.0.19
  create_pod models marker marker 10.99.0.10
  await 30 are_ready marker 10.99.0.10:8000
  are_ready alpha 10.99.0.10:8000
  k -n models delete pod marker --force --grace-period=0 >/dev/null 2>&1
}

config() { # POD JSON
  k -n models annotate --overwrite pod "$1" "model.aibrix.ai/config=$2" >/dev/null
}

events() { # POD
  k -n models get events --field-selector "involvedObject.name=$1" -o jsonpath='{range .items[*]}{.type} {.reason}: {.message}{"\n"}{end}'
}

has_event() { # POD PART
  contains "events of $1" "$2" "$(events "$1")"
}

tells_bad_annotations() {
  config a-0 '{"profiles": {"default": {"routingStrategy": "nonsense"}}}'
  await 30 has_event a-0 nonsense
  has_event a-0 'Warning InvalidConfigProfile'
  is_metric pointsman_profile_invalid 1
  config a-0 '{"profiles": {"default": {"routingStrategy": "random"}}}'
  await 30 is_metric pointsman_profile_invalid 0
  # The same again: the event that is there already is brought up to date.
  config a-0 '{"profiles": {"default": {"routingStrategy": "nonsense"}}}'
  await 30 is_metric pointsman_profile_invalid 1
  config a-0 '{"profiles": {}}'
  await 30 is_metric pointsman_profile_invalid 0
  expect 'the number of events' 1 "$(events a-0 | grep -c nonsense)"
  ! grep -q 'event could not be written' "$run/plugin.log"
}

lists_in_pages() {
  local i
  {
    for ((i = 0; i < 600; i++)); do
      printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: many-%d, namespace: models, labels: {model.aibrix.ai/name: many}}\n' "$i"
      printf 'spec: {nodeName: node, automountServiceAccountToken: false, containers: [{name: server, image: sample}]}\n---\n'
    done
  } >"$run/many.yaml"
  k create --validate=false -f "$run/many.yaml" >/dev/null
  stop plugin
  start_plugin models
  await 30 is_metric pointsman_discovery_current 1
}

survives_a_restart() {
  stop kube-apiserver
  await 30 stale
  curl -s "$plugin/readyz" | grep -q 'the last known pods stay'
  are_ready alpha 10.99.0.10:8000
  start_api_server
  create_pod models a-2 alpha 10.99.0.12
  await 30 are_ready alpha '10.99.0.10:8000 10.99.0.12:8000'
  await 30 is_metric pointsman_discovery_stale_seconds 0
}

stale() {
  [[ $(metric pointsman_discovery_current) == 0 ]]
}

# What changed while the plugin could not see it is no longer among what the API server and etcd remember: 410 Gone.
lists_anew() {
  signal plugin STOP
  stop kube-apiserver
  start_api_server
  k -n models delete pod a-2 --force --grace-period=0 >/dev/null 2>&1
  create_pod models a-4 alpha 10.99.0.14
  k -n models delete pod a-4 --force --grace-period=0 >/dev/null 2>&1
  create_pod models a-2 alpha 10.99.0.15
  compact
  stop kube-apiserver
  start_api_server
  signal plugin CONT
  await 30 are_ready alpha '10.99.0.10:8000 10.99.0.15:8000'
}

# Tokens of before are refused, as when they have run out; the kubelet has put a new one in place.
takes_a_new_token() {
  stop kube-apiserver
  openssl genrsa -out "$run/accounts.key" 2048 2>/dev/null
  start_api_server
  renew_account models plugin
  k -n models delete pod a-2 --force --grace-period=0 >/dev/null 2>&1
  await 60 are_ready alpha 10.99.0.10:8000
  await 60 is_metric pointsman_discovery_stale_seconds 0
}

# Not gone, but silent: connections stay open.
notices_silence() {
  signal kube-apiserver STOP
  await 60 stale || { signal kube-apiserver CONT; return 1; }
  are_ready alpha 10.99.0.10:8000
  signal kube-apiserver CONT
  await 60 is_metric pointsman_discovery_stale_seconds 0
  create_pod models a-3 alpha 10.99.0.13
  await 30 are_ready alpha '10.99.0.10:8000 10.99.0.13:8000'
}

# A cluster that does not know the resource has no pools, and may come to know it while the plugin runs.
finds_inference_pools() {
  stop plugin
  start_plugin models --kubernetes-inference-pools
  k -n models run pooled --image=sample --labels=app=engine --overrides='{"spec": {"nodeName": "node", "automountServiceAccountToken": false}}' >/dev/null
  pod_status models pooled 10.99.0.14 True 0
  k apply --server-side -f "$inference_pool_crd" >/dev/null
  k wait --for=condition=Established --timeout=30s crd/inferencepools.inference.networking.k8s.io >/dev/null
  k -n models create -f - >/dev/null <<YAML
apiVersion: inference.networking.k8s.io/v1
kind: InferencePool
metadata: {name: pool}
spec:
  selector: {matchLabels: {app: engine}}
  targetPorts: [{number: 8000}]
  endpointPickerRef: {name: plugin, port: {number: 50052}}
YAML
  await 90 are_ready pool 10.99.0.14:8000
  k -n models delete inferencepool pool >/dev/null
  await 30 are_ready pool ''
}

discovery_checks() {
  section 'The plugin with the rights of the README, against a real API server'
  create_plugin_account models >/dev/null
  start_plugin models
  check 'follows pods as they come, change and go' follows_pods
  check 'takes no pod from another namespace' pods_elsewhere_are_none
  check 'tells of an annotation that cannot be used, by an event that is written once' tells_bad_annotations
  check 'finds 600 pods more at its start, in pages' lists_in_pages
  check 'outlives an API server that is away and comes back' survives_a_restart
  check 'lists anew when what it missed is forgotten' lists_anew
  check 'takes a new token when the old one is refused' takes_a_new_token
  check 'finds the pods of an InferencePool, also where the resource comes later' finds_inference_pools
  check 'notices an API server that says nothing any more' notices_silence
  stop plugin
}
