#!/usr/bin/env bash
# Measures what limits add to the CPU time of a request. --help says more.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

benchmark LimitCostBenchmark "$@"
