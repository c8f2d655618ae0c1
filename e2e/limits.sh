#!/usr/bin/env bash
# Measures what limits add to the CPU time of a request. --help says more.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

exec java -Xmx1g \
  -Dpointsman.e2e.target="$target" \
  -Dlogback.configurationFile=logback-harness.xml \
  -cp "$jar:$target/lib/*" \
  io.pointsman.e2e.replay.LimitCostBenchmark "$@"
