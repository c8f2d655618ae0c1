#!/usr/bin/env bash
# Compares strategies by replaying a trace; writes a table and a picture. --help says more.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/prepare.sh"

benchmark ReplayBenchmark "$@"
