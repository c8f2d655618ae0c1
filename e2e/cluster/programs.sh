# Sourced by cluster.sh: builds etcd and the API server from their Go modules into $bin, and finds the CRDs in others.
kubernetes_version=1.36.3
etcd_version=3.6.16
envoy_gateway_version=1.9.1
inference_extension_version=1.1.0

export GOFLAGS=-trimpath GOWORK=off

# Where the files of a module are.
module_folder() { # MODULE VERSION
  local said
  said=$(cd "$work/build" && go mod download -json "$1@v$2") || die "the Go module $1@v$2 cannot be had: $said"
  sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$said"
}

build() { # NAME VERSION PACKAGE [FLAG...]
  local name=$1 version=$2 package=$3
  local program=$bin/$name-$version folder=$work/build/$name
  shift 3
  [[ -x $program ]] && return
  echo "building $name $version"
  mkdir -p "$folder"
  (
    cd "$folder"
    [[ -f go.mod ]] || go mod init pointsman/build >log 2>&1
    go get "$package@v$version" >log 2>&1 && nice -n 19 go build -p 1 "$@" -o "$program" "$package" >>log 2>&1
  ) || die "$name cannot be built: $(tail -n 3 "$folder/log")"
}

# Kubernetes replaces the modules of its own tree by folders that no registry has; each is a module of a like version.
pin_kubernetes() {
  local folder=$work/build/kube-apiserver modules=0.${kubernetes_version#1.} description
  mkdir -p "$folder"
  description=$(cd "$work/build" && go mod download -json "k8s.io/kubernetes@v$kubernetes_version" |
    sed -n 's/^\t"GoMod": "\(.*\)",$/\1/p')
  {
    echo 'module pointsman/build'
    grep '^go ' "$description"
    echo "require k8s.io/kubernetes v$kubernetes_version"
    echo 'replace ('
    sed -n "s/^\t\(k8s.io\/[a-z-]*\) => .*/\t\1 => \1 v$modules/p" "$description"
    echo ')'
  } >"$folder/go.mod"
}

build_programs() {
  local minor=${kubernetes_version#1.} version=k8s.io/component-base/version
  need go "1.26 or newer builds the API server"
  need kubectl "1.24 or newer (Debian's is older)"
  mkdir -p "$bin" "$work/build"
  [[ -f $work/build/go.mod ]] || (cd "$work/build" && go mod init pointsman/build) >/dev/null 2>&1
  crds=$(module_folder github.com/envoyproxy/gateway "$envoy_gateway_version")/charts/gateway-helm/charts/crds/crds
  inference_pool_crd=$(module_folder sigs.k8s.io/gateway-api-inference-extension "$inference_extension_version")
  inference_pool_crd+=/config/crd/bases/inference.networking.k8s.io_inferencepools.yaml
  export crds inference_pool_crd
  build etcd "$etcd_version" go.etcd.io/etcd/server/v3
  [[ -x $bin/kube-apiserver-$kubernetes_version ]] || pin_kubernetes
  # Half the time goes into making a table of types fast that is read once.
  build kube-apiserver "$kubernetes_version" k8s.io/kubernetes/cmd/kube-apiserver \
    -gcflags='k8s.io/kubernetes/pkg/generated/openapi=-N -l' \
    -ldflags "-s -w -X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}"
}
