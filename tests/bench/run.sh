#!/usr/bin/env bash
# Prints every benchmark, each with its baseline of the same run: tests/bench/run.sh [options of system_bench.py]
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -gt 0 ] || { build/bin/ingest_bench; build/bin/http_bench; }
exec /usr/bin/python3 tests/bench/system_bench.py "$@"
