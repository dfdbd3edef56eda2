#!/bin/sh
# Runs the benchmarks of the optimised build.  Arguments go to run.py; without
# any, Bonjour and the diagnosis of servers are measured too.
set -eu
cd "$(dirname "$0")/.."
ninja -C build bench/bench_server bench/bare_curl bench/tinet_bench cli/tinet >/dev/null
python3 bench/run.py build "$@"
[ $# -gt 0 ] || python3 bench/bonjour_bench.py build
[ $# -gt 0 ] || python3 bench/diagnose_bench.py build
