#!/usr/bin/env bash
# Starts everything on this machine, sends sample traffic and shows who serves it. --help says more.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

terminal=false
[[ -t 1 ]] && terminal=true
exec java -XX:TieredStopAtLevel=1 -Xmx512m \
  -Dpointsman.e2e.target="$target" \
  -Dpointsman.demo.terminal=$terminal \
  -Dlogback.configurationFile=logback-harness.xml \
  -cp "$jar:$target/lib/*" \
  io.pointsman.e2e.demo.Demo "$@"
