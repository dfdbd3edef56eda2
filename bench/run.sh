#!/bin/sh
# Runs the benchmarks of the optimised build.  Arguments go to run.py.
set -eu
cd "$(dirname "$0")/.."
ninja -C build bench/bench_server bench/bare_curl bench/tinet_bench >/dev/null
exec python3 bench/run.py build "$@"
