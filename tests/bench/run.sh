#!/usr/bin/env bash
# Measures kvroute beside what else there is, some minutes long: see tests/bench/run.sh --help.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

cmake/setup.sh bench
generator=()
[[ -f build/CMakeCache.txt ]] || generator=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo)
cmake -S . -B build "${generator[@]}" -DKVROUTE_BUILD_BENCHES=ON --log-level=NOTICE
cmake --build build -j "$(nproc)" --target bench_load bench_micro
exec python3 -B tests/bench/bench.py "$@"
