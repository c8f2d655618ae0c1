#!/usr/bin/env bash
# Measures what plugin replicas learn from each other through Redis. --help says more.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

benchmark PrefixSharingBenchmark "$@"
