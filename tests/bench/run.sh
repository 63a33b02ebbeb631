#!/usr/bin/env bash
# Prints every benchmark, each with its baseline of the same run:
#
#   tests/bench/run.sh                          all
#   tests/bench/run.sh record [options]         spine and historian: bars, growth (record.py --help)
#   tests/bench/run.sh plugins                  plugins in processes of their own, and what broken ones cost the others
#   tests/bench/run.sh [options]                the daemon beside its peers (system_bench.py --help)
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ "${1:-}" = record ]; then exec /usr/bin/python3 tests/bench/record.py "${@:2}"; fi
if [ "${1:-}" = plugins ]; then build/bin/runner_bench && exec build/bin/broken_bench; fi
[ $# -gt 0 ] || { /usr/bin/python3 tests/bench/record.py; build/bin/http_bench; }
exec /usr/bin/python3 tests/bench/system_bench.py "$@"
