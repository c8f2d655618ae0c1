#!/usr/bin/env bash
# Holds what talks to Kubernetes against a real API server. --help says more.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: cluster.sh [SECTION...]

Builds etcd and kube-apiserver from their Go modules (the first time, which takes long and some GB), starts them in a network
of their own, and holds against them what talks to Kubernetes. Sections, all if none is named:

  discovery  the plugin finds its models, with the rights that the README names and no others
  policies   the controller keeps its policies, in the same way; there Envoy Gateway's part, to accept them, is played by a script
  chart      Helm installs, upgrades and removes all beside Envoy Gateway itself, which is built too, with the controllers of
             Kubernetes; pods are processes of this machine, started by a script that plays the node

Linux, with JDK, Maven, Go, kubectl, Python 3, curl, openssl and iproute2; as root or where user namespaces are allowed. Exit
code 1 if something did not hold. Logs are in e2e/target/cluster/run.
TEXT
}

case ${1:-} in -h | --help)
  usage
  exit
  ;;
esac

for section in "$@"; do
  [[ $section == discovery || $section == policies || $section == chart ]] || {
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
for part in programs base apiserver discovery policies gateway_cluster chart; do
  . "$here/cluster/$part.sh"
done

if [[ -z ${POINTSMAN_NETWORK:-} ]]; then
  mkdir -p "$work"
  exec 9>"$work/lock"
  flock -n 9 || die "another one runs; it uses the same folder"
  build_programs
  [[ " ${*:-chart} " != *' chart '* ]] || build_gateway
  # A network of its own: fixed ports, pods with addresses, and nothing of it is seen from outside.
  rm -rf "$run"
  mkdir -p "$run"
  user=()
  [[ $(id -u) == 0 ]] || user=(--map-root-user)
  POINTSMAN_NETWORK=own exec unshare "${user[@]}" --net --pid --fork --kill-child --mount-proc bash "${BASH_SOURCE[0]}" "$@"
fi

ip link set lo up
# Pods that run have networks of their own, joined here.
ip link add pods type bridge
ip address add "$api_address/16" dev pods
ip link set pods up
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
for section in ${@:-discovery policies chart}; do
  "${section}_checks"
done
echo
echo "$passed checks passed, $failed failed; logs: $run"
[[ $failed == 0 ]]
