#!/usr/bin/env bash
# Holds what talks to Kubernetes against a real API server. --help says more.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: cluster.sh [SECTION...]

Builds etcd and kube-apiserver from their Go modules (the first time, which takes long and some GB), starts them in a network
of their own, and holds against them what talks to Kubernetes: the plugin's discovery and the controller's policies, each with
the rights that the README names and no others. The CRDs are Envoy Gateway's; its own part, to accept policies, is played by a
script. Linux, with JDK, Maven, Go, kubectl, Python 3, curl and openssl; as root or where user namespaces are allowed.

Sections: discovery, policies; both if none is named. Exit code 1 if something did not hold. Logs are in
e2e/target/cluster/run.
TEXT
}

case ${1:-} in -h | --help)
  usage
  exit
  ;;
esac

for section in "$@"; do
  [[ $section == discovery || $section == policies ]] || {
    echo "cluster.sh: there is no section $section; see --help" >&2
    exit 2
  }
done

here=$(dirname "${BASH_SOURCE[0]}")
. "$here/prepare.sh"
classpath="$jar:$target/lib/*"
work=$target/cluster
bin=$work/bin
run=$work/run
for part in programs base apiserver discovery policies; do
  . "$here/cluster/$part.sh"
done

if [[ -z ${POINTSMAN_NETWORK:-} ]]; then
  mkdir -p "$work"
  exec 9>"$work/lock"
  flock -n 9 || die "another one runs; it uses the same folder"
  build_programs
  # A network of its own: fixed ports, pods with addresses, and nothing of it is seen from outside.
  rm -rf "$run"
  mkdir -p "$run"
  user=()
  [[ $(id -u) == 0 ]] || user=(--map-root-user)
  POINTSMAN_NETWORK=own exec unshare "${user[@]}" --net --pid --fork --kill-child --mount-proc bash "${BASH_SOURCE[0]}" "$@"
fi

ip link set lo up
for i in {1..40}; do
  ip address add "10.99.0.$i/32" dev lo
done
# Where pods find their account: each program sees its own there.
mount -t tmpfs tmpfs /run
mkdir -p /run/secrets/kubernetes.io/serviceaccount
trap stop_all EXIT
trap "exit 130" INT TERM
echo "starting etcd $etcd_version and kube-apiserver $kubernetes_version"
start_cluster
for section in ${@:-discovery policies}; do
  "${section}_checks"
done
echo
echo "$passed checks passed, $failed failed; logs: $run"
[[ $failed == 0 ]]
