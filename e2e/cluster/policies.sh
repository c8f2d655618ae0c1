# Sourced by cluster.sh: the controller keeps policies in a real API server. Envoy Gateway's own part, to say what it thinks of
# them, is played by verdicts.py.
policy_kinds=clienttrafficpolicies,backendtrafficpolicies,envoyextensionpolicies,envoypatchpolicies
settings=$run/settings.yaml

# The rights that the README asks for, and no others: its own words.
create_controller_account() {
  k -n inference create serviceaccount controller
  {
    printf 'apiVersion: rbac.authorization.k8s.io/v1\nkind: Role\nmetadata: {name: controller}\n'
    sed -n '/^Rights, in the Gateway.s namespace/,/^## /{/^rules:/,/^```/{/^```/!p}}' "$root/README.md" |
      sed 's/\[P, P-pods\]/[pointsman, pointsman-pods]/; s/\[OWNER\]/[pointsman-xds-controller]/; s/\[LEASE\]/[pointsman-xds-controller]/'
  } | k -n inference create -f -
  k -n inference create rolebinding controller --role=controller --serviceaccount=inference:controller
}

write_settings() { # YAML of single settings, beside those that say where all is
  cat >"$settings.new" <<YAML
gateway:
  namespace: inference
  listeners: [http]
  httpRoutes: [pointsman, pointsman-host]
  plainHttpRoutes: [pointsman-models]
  owner: {name: pointsman-xds-controller}
  modelPods: {namespaces: [inference]}
${2:-}
${1:-}
YAML
  mv "$settings.new" "$settings"
}

start_controller() { # NAME PORT
  start "$1" in_pod inference controller java -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmx128m -cp "$classpath" \
    io.pointsman.xds.app.Main gateway --settings="$settings" --http-bind-address="127.0.0.1:$2" \
    --leader-election-lease=inference/pointsman-xds-controller --leader-election-id="$1"
}

controller_says() { # PORT TEXT
  contains "/readyz" "$2" "$(curl -s "http://127.0.0.1:$1/readyz")"
}

policy() { # KIND NAME JSONPATH
  k -n inference get "$1" "$2" -o "jsonpath=$3"
}

has_field() { # KIND NAME JSONPATH VALUE
  expect "$3 of $1 $2" "$4" "$(policy "$1" "$2" "$3")"
}

is_gone() { # KIND NAME
  ! k -n inference get "$1" "$2" >/dev/null 2>&1
}

creates_policies() {
  await 60 controller_says 8091 'leader: this replica'
  await 60 k -n inference get $policy_kinds pointsman >/dev/null
  has_field clienttrafficpolicy pointsman '{.spec.connection.bufferLimit}' 4194304
  has_field envoyextensionpolicy pointsman '{.spec.extProc[0].messageTimeout}' 5s
  k -n inference get $policy_kinds --show-managed-fields -o json | python3 -c '
import json, sys
managers = {
    f["manager"] + " " + f["operation"]
    for item in json.load(sys.stdin)["items"]
    for f in item["metadata"]["managedFields"]
    if "subresource" not in f
}
if managers != {"pointsman-xds-controller Apply"}:
    sys.exit("field managers: %s" % managers)
'
}

# As strict as kubectl can be: unknown and doubled fields are faults.
policies_are_strictly_valid() {
  java -XX:TieredStopAtLevel=1 -cp "$classpath" io.pointsman.xds.app.Main policies --settings="$settings" |
    k -n inference apply --server-side --field-manager=check --force-conflicts --dry-run=server --validate=strict -f - >/dev/null
}

follows_settings() {
  write_settings 'envoyPatchPolicy: {circuitBreakers: {maxRequests: 77}}
clientTrafficPolicy: {http2: {maxConcurrentStreams: 333}}'
  await 30 has_field clienttrafficpolicy pointsman '{.spec.http2.maxConcurrentStreams}' 333
  await 30 contains_patch '"max_requests":77'
}

contains_patch() { # TEXT
  contains 'the patch' "$1" "$(policy envoypatchpolicy pointsman '{.spec.jsonPatches}')"
}

refuses_bad_settings() {
  local before
  before=$(k -n inference get $policy_kinds pointsman -o 'jsonpath={.items[*].metadata.generation}')
  write_settings 'envoyPatchPolicy: {route: {timeout: 2 minutes}}'
  await 30 controller_says 8091 'expected a duration'
  expect 'the generations' "$before" "$(k -n inference get $policy_kinds pointsman -o 'jsonpath={.items[*].metadata.generation}')"
  write_settings ''
  await 30 has_field clienttrafficpolicy pointsman '{.spec.http2.maxConcurrentStreams}' 1024
}

repairs_drift() {
  k -n inference patch clienttrafficpolicy pointsman --type=merge -p '{"spec": {"connection": {"bufferLimit": 1024}}}' >/dev/null
  await 30 has_field clienttrafficpolicy pointsman '{.spec.connection.bufferLimit}' 4194304
  k -n inference delete envoyextensionpolicy pointsman >/dev/null
  await 60 k -n inference get envoyextensionpolicy pointsman
}

leaves_fields_of_others() {
  k -n inference patch clienttrafficpolicy pointsman --type=merge --field-manager=operator -p '{"spec": {"path": {"disableMergeSlashes": true}}}' >/dev/null
  write_settings 'clientTrafficPolicy: {http2: {maxConcurrentStreams: 334}}'
  await 30 has_field clienttrafficpolicy pointsman '{.spec.http2.maxConcurrentStreams}' 334
  has_field clienttrafficpolicy pointsman '{.spec.path.disableMergeSlashes}' true
  grep -q 'path.disableMergeSlashes' "$run/controller-1.log"
  k -n inference patch clienttrafficpolicy pointsman --type=json --field-manager=operator -p '[{"op": "remove", "path": "/spec/path"}]' >/dev/null
  write_settings ''
}

# A second manager that applies one of our fields with another value.
takes_over_conflicts() {
  k -n inference apply --server-side --field-manager=rival --force-conflicts -f - >/dev/null <<'YAML'
apiVersion: gateway.envoyproxy.io/v1alpha1
kind: ClientTrafficPolicy
metadata: {name: pointsman}
spec: {http2: {maxConcurrentStreams: 555}}
YAML
  await 30 has_field clienttrafficpolicy pointsman '{.spec.http2.maxConcurrentStreams}' 1024
  grep -q 'conflict with "rival"' "$run/controller-1.log"
}

another_one_takes_over() {
  start_controller controller-2 8092
  await 60 controller_says 8092 'leader: controller-1'
  stop controller-1 KILL
  await 60 controller_says 8092 'leader: this replica'
  k -n inference patch clienttrafficpolicy pointsman --type=merge -p '{"spec": {"connection": {"bufferLimit": 1024}}}' >/dev/null
  await 30 has_field clienttrafficpolicy pointsman '{.spec.connection.bufferLimit}' 4194304
  start_controller controller-1 8091
  # A gentle end gives the Lease back.
  stop controller-2
  await 60 controller_says 8091 'leader: this replica'
}

slices() { # the endpoints of the Service of model pods
  k -n inference get endpointslices -l kubernetes.io/service-name=pointsman-models -o json | python3 -c '
import json, sys
print(*sorted(
    "%s|%d|%s" % (a, p["port"], "ready" if e["conditions"]["ready"] else "not-ready")
    for s in json.load(sys.stdin)["items"] for p in s["ports"] for e in s["endpoints"] for a in e["addresses"]))'
}

are_slices() { # ENDPOINTS
  expect 'the endpoints' "$1" "$(slices)"
}

keeps_endpoint_slices() {
  create_pod inference m-0 alpha 10.99.0.10
  create_pod inference m-1 alpha 10.99.0.11 'model.aibrix.ai/port: "8001"'
  create_pod inference m-2 beta fd00::12
  write_settings '' '  destination: endpointOverride'
  await 60 k -n inference get backendtrafficpolicy pointsman-pods
  is_gone envoypatchpolicy pointsman
  has_field envoyextensionpolicy pointsman '{.spec.extProc[0].failOpen}' false
  await 60 are_slices '10.99.0.10|8000|ready 10.99.0.11|8001|ready fd00::12|8000|ready'
  k -n inference delete pod m-1 --force --grace-period=0 >/dev/null 2>&1
  create_pod inference m-3 alpha 10.99.0.13 'model.aibrix.ai/port: "8001"'
  await 60 are_slices '10.99.0.10|8000|ready 10.99.0.13|8001|ready fd00::12|8000|ready'
  write_settings ''
  await 60 k -n inference get envoypatchpolicy pointsman
  is_gone backendtrafficpolicy pointsman-pods
  await 60 are_slices ''
}

# As before the controller is removed: it must not make them anew meanwhile.
deletes_for_good() {
  in_pod_once inference controller java -XX:TieredStopAtLevel=1 -cp "$classpath" io.pointsman.xds.app.Main \
    delete-policies --settings="$settings" --leader-election-lease=inference/pointsman-xds-controller
  expect 'what is left' '' "$(k -n inference get $policy_kinds -o name)"
  sleep 5
  expect 'what is left' '' "$(k -n inference get $policy_kinds -o name)"
}

asks_for_no_other_rights() {
  ! grep -h 'forbidden' "$run"/controller-*.log
}

events_are_shown() {
  contains 'what kubectl describe shows' InForce "$(k -n inference describe clienttrafficpolicy pointsman)"
}

# What obeys a header must be gone before what keeps clients from setting it.
deletes_in_order() {
  local order
  write_settings '' '  enabled: false'
  await 30 is_gone clienttrafficpolicy pointsman
  is_gone envoyextensionpolicy pointsman
  is_gone envoypatchpolicy pointsman
  order=$(grep 'policy is being deleted' "$run/controller-1.log" | tail -n 4 | sed 's/.*policy="\([A-Za-z]*\) .*/\1/' | tr '\n' ' ')
  expect 'the order' 'EnvoyPatchPolicy EnvoyExtensionPolicy BackendTrafficPolicy ClientTrafficPolicy ' "$order"
  write_settings ''
  await 60 k -n inference get clienttrafficpolicy,envoypatchpolicy pointsman
}

# The CRDs of Gateway API and Envoy Gateway, as Envoy Gateway's own chart brings them.
install_crds() {
  k apply --server-side -f "$crds/gatewayapi-crds.yaml" -f "$crds/generated" >/dev/null
  k wait --for=condition=Established --timeout=60s crd --all >/dev/null
}

policies_checks() {
  section "The controller with the rights of the README, against a real API server with Envoy Gateway $envoy_gateway_version's CRDs"
  install_crds
  k apply -f "$here/cluster/gateway.yaml" >/dev/null
  k -n inference create deployment pointsman-xds-controller --image=pointsman --replicas=0 >/dev/null
  create_controller_account >/dev/null
  start verdicts python3 "$here/cluster/verdicts.py" "$api" admin inference
  write_settings ''
  start_controller controller-1 8091
  check 'applies every policy, with its own field manager only' creates_policies
  check 'applies nothing that the strictest validation refuses' policies_are_strictly_valid
  check 'follows the settings file' follows_settings
  check 'refuses wrong settings before they reach the API server' refuses_bad_settings
  check 'repairs what is changed or deleted behind its back' repairs_drift
  check 'leaves fields of others, and tells of them' leaves_fields_of_others
  check 'takes its own fields over from others, and tells of it' takes_over_conflicts
  check 'hands over to another replica, also when it is killed' another_one_takes_over
  check 'shows its events in kubectl describe' events_are_shown
  check 'deletes when it is switched off' deletes_in_order
  check 'keeps the EndpointSlices of model pods for endpointOverride' keeps_endpoint_slices
  check 'deletes all for good by delete-policies' deletes_for_good
  check 'needs no right that the README does not name' asks_for_no_other_rights
  stop controller-1
  stop verdicts
}
