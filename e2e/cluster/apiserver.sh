# Sourced by cluster.sh: an API server on etcd, with RBAC, as in any cluster. There is no kubelet and, but for the section
# chart, no controller: no pod runs, no Service gets endpoints by itself, and nothing is deleted because its owner went.
api_address=10.99.0.254
api=https://$api_address:6443
# Whether pods get the token of their account by themselves, which asks for somebody who makes the accounts.
service_accounts=no

start_api_server() {
  local flags=()
  [[ $service_accounts == yes ]] || flags+=(--disable-admission-plugins=ServiceAccount)
  start kube-apiserver "$bin/kube-apiserver-$kubernetes_version" \
    --etcd-servers=http://127.0.0.1:2379 --bind-address="$api_address" --advertise-address="$api_address" --secure-port=6443 \
    --cert-dir="$run/certificates" --token-auth-file="$run/tokens.csv" --authorization-mode=RBAC \
    --service-account-key-file="$run/accounts.key" --service-account-signing-key-file="$run/accounts.key" \
    --service-account-issuer=https://kubernetes.default.svc --service-cluster-ip-range=10.96.0.0/16 \
    --endpoint-reconciler-type=none "${flags[@]}"
  await 120 k get --raw /readyz
}

start_cluster() {
  openssl genrsa -out "$run/accounts.key" 2048 2>/dev/null
  echo 'admin,admin,admin,"system:masters"' >"$run/tokens.csv"
  write_kubeconfig "$run/admin.kubeconfig" admin default
  start etcd "$bin/etcd-$etcd_version" --data-dir="$run/etcd" --log-level=error \
    --listen-peer-urls=http://127.0.0.1:2380 --listen-client-urls=http://127.0.0.1:2379 \
    --advertise-client-urls=http://127.0.0.1:2379
  start_api_server
}

write_kubeconfig() { # FILE TOKEN NAMESPACE
  cat >"$1" <<YAML
apiVersion: v1
kind: Config
clusters: [{name: check, cluster: {server: "$api", certificate-authority: "$run/certificates/apiserver.crt"}}]
users: [{name: user, user: {token: "$2"}}]
contexts: [{name: check, context: {cluster: check, user: user, namespace: "$3"}}]
current-context: check
YAML
}

# Runs a program as a pod's container finds the API server: by its service account's folder and two variables.
in_pod() { # NAMESPACE ACCOUNT COMMAND...
  local folder=$run/accounts/$1-$2
  [[ -d $folder ]] || renew_account "$1" "$2"
  shift 2
  exec env -u KUBECONFIG KUBERNETES_SERVICE_HOST=$api_address KUBERNETES_SERVICE_PORT=6443 \
    JAVA_TOOL_OPTIONS="-Duser.home=$folder" \
    unshare --mount bash -c 'mount --bind "$1" /run/secrets/kubernetes.io/serviceaccount && shift && exec "$@"' in_pod "$folder" "$@"
}

# The same, to its end.
in_pod_once() { # NAMESPACE ACCOUNT COMMAND...
  (in_pod "$@")
}

renew_account() { # NAMESPACE ACCOUNT
  local folder=$run/accounts/$1-$2
  mkdir -p "$folder"
  cp "$run/certificates/apiserver.crt" "$folder/ca.crt"
  echo -n "$1" >"$folder/namespace"
  k -n "$1" create token "$2" --duration=4h | tr -d '\n' >"$folder/token"
}

k() {
  kubectl --kubeconfig="$run/admin.kubeconfig" "$@"
}

# Forgets the past, as etcd does every five minutes in a cluster.
compact() {
  local revision
  revision=$(k get --raw '/api/v1/namespaces?limit=1' | sed 's/.*"resourceVersion":"\([0-9]*\)".*/\1/')
  curl -sf http://127.0.0.1:2379/v3/kv/compaction -d "{\"revision\": $revision, \"physical\": true}" >/dev/null
}

# A pod that a kubelet would say runs.
create_pod() { # NAMESPACE NAME MODEL IP [KEY: VALUE labels as YAML flow entries]
  k -n "$1" create -f - <<YAML >/dev/null
apiVersion: v1
kind: Pod
metadata: {name: $2, labels: {model.aibrix.ai/name: $3, model.aibrix.ai/engine: vllm${5:+, $5}}}
spec: {nodeName: node, automountServiceAccountToken: false, containers: [{name: server, image: sample}]}
YAML
  pod_status "$1" "$2" "$4" True 0
}

pod_status() { # NAMESPACE NAME IP READY RESTARTS
  k -n "$1" patch pod "$2" --subresource=status --type=merge -p "{\"status\": {\"phase\": \"Running\", \"podIP\": \"$3\",
    \"podIPs\": [{\"ip\": \"$3\"}], \"conditions\": [{\"type\": \"Ready\", \"status\": \"$4\"}],
    \"containerStatuses\": [{\"name\": \"server\", \"image\": \"sample\", \"imageID\": \"sample\", \"ready\": true,
      \"containerID\": \"containerd://$2-$5\", \"restartCount\": $5}]}}" >/dev/null
}
