# Sourced by cluster.sh: a cluster that runs pods. Real are the API server, the controllers of Kubernetes, Helm and Envoy Gateway;
# the node, its network and its scheduler are played by node/, whose pods are processes of this machine.
helm() {
  HELM_CACHE_HOME=$run/helm HELM_CONFIG_HOME=$run/helm HELM_DATA_HOME=$run/helm \
    "$bin/helm-$helm_version" --kubeconfig="$run/admin.kubeconfig" "$@"
}

start_controllers() {
  # By name: those of nodes and volumes would find nothing to work with.
  start kube-controller-manager "$bin/kube-controller-manager-$kubernetes_version" --kubeconfig="$run/admin.kubeconfig" \
    --service-account-private-key-file="$run/accounts.key" --root-ca-file="$run/certificates/apiserver.crt" \
    --leader-elect=false --secure-port=0 \
    --controllers="deployment-controller,replicaset-controller,statefulset-controller,job-controller,endpointslice-controller" \
    --controllers="garbage-collector-controller,namespace-controller,serviceaccount-controller,disruption-controller" \
    --controllers="root-ca-certificate-publisher-controller"
}

# What stands for which image. Java programs run from this build, without the optimizing compiler: they start often here.
write_images() {
  local java='"java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx192m", "-cp", "/app/e2e.jar:/app/lib/*"'
  local files="\"files\": {\"/app/e2e.jar\": \"$jar\", \"/app/lib\": \"$target/lib\"}"
  local gateway="\"/usr/local/bin/envoy-gateway\": \"$bin/envoy-gateway-$envoy_gateway_version\""
  cat >"$run/images.json" <<JSON
{
  "pointsman/plugin": {"entrypoint": [$java, "io.pointsman.plugin.app.Main"], $files},
  "pointsman/xds-controller": {"entrypoint": [$java, "io.pointsman.xds.app.Main"], $files},
  "sample-model-server": {"entrypoint": [$java, "io.pointsman.e2e.modelserver.Main"], $files},
  "redis": {"entrypoint": ["redis-server"], "files": {"/usr/local/bin/redis-server": "$(redis_program)"}},
  "curlimages/curl": {"entrypoint": ["curl"]},
  "envoyproxy/gateway": {"entrypoint": ["envoy-gateway"], "files": {$gateway}},
  "envoyproxy/envoy": {"entrypoint": ["envoy"], "files": {"/usr/local/bin/envoy": "$ENVOY"}}
}
JSON
}

# As the tests have it.
redis_program() {
  if [[ -z ${REDIS_SERVER:-} ]]; then
    REDIS_SERVER=$work/redis-server
    python3 - "$target"/lib/embedded-redis-*.jar "$REDIS_SERVER" <<'PY'
import os, platform, sys, zipfile
kind = "linux-arm64" if platform.machine() == "aarch64" else "linux-amd64"
with zipfile.ZipFile(sys.argv[1]) as jar:
    name = next(n for n in jar.namelist() if n.startswith("redis-server") and n.endswith(kind))
    with open(sys.argv[2], "wb") as file:
        file.write(jar.read(name))
os.chmod(sys.argv[2], 0o755)
PY
  fi
  echo "$REDIS_SERVER"
}

start_node() {
  # Layers of containers: the file system below them cannot hold its own upper layers.
  mkdir -p "$run/overlays"
  mount -t tmpfs -o mode=755 tmpfs "$run/overlays"
  write_images
  start node env PYTHONPATH="$here/cluster" python3 -m node "$api" admin "$run/certificates/apiserver.crt" "$run/images.json" \
    "$api_address" pods "$run/overlays" "$run/pods"
}

start_gateway_cluster() {
  # Accounts put their tokens into pods from here on.
  stop kube-apiserver
  service_accounts=yes
  start_api_server
  start_controllers
  install_crds
  start_node
}

# By its own chart, whose image Helm is told as its release does.
install_envoy_gateway() {
  cp -r "$envoy_gateway_chart" "$run/gateway-helm"
  chmod -R u+w "$run/gateway-helm"
  GatewayImage=docker.io/envoyproxy/gateway:v$envoy_gateway_version GatewayImagePullPolicy=IfNotPresent \
    python3 -c 'import os, sys; print(os.path.expandvars(sys.stdin.read()))' \
    <"$run/gateway-helm/values.tmpl.yaml" >"$run/gateway-helm/values.yaml"
  helm install eg "$run/gateway-helm" -n envoy-gateway-system --create-namespace --skip-crds --set crds.enabled=false \
    --set config.envoyGateway.extensionApis.enableEnvoyPatchPolicy=true --wait --timeout 4m
}

# Servers of one model, or of none that the plugin can see.
create_model_servers() { # NAMESPACE NAME REPLICAS [LABEL: VALUE...]
  k -n "$1" apply -f - <<YAML
apiVersion: apps/v1
kind: Deployment
metadata: {name: $2}
spec:
  replicas: $3
  selector: {matchLabels: {app: $2}}
  template:
    metadata: {labels: {app: $2${4:+, $4}}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: server
          image: sample-model-server
          args: [\$(POD_IP), "8000", alpha]
          env: [{name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}]
          readinessProbe: {httpGet: {path: /health, port: 8000}}
YAML
}

pods() { # NAMESPACE SELECTOR JSONPATH-OF-A-POD
  k -n "$1" get pods -l "$2" -o "jsonpath={range .items[*]}{$3}{\"\\n\"}{end}"
}
