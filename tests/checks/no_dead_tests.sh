#!/usr/bin/env bash
# no_dead_tests.sh ROOT BUILT: fails if a test under ROOT/tests would never run, or a source under
# ROOT/lib is in no library. BUILT lists what CMake builds, one path from ROOT a line.
set -euo pipefail
root=$1 built=$2
cd "$root"
dead=0
complain() {
  echo "$1" >&2
  dead=1
}

while IFS= read -r source; do
  grep -qxF -- "$source" "$built" || complain "$source: in no target of a CMakeLists.txt"
done < <(find tests -name '*_test.cc'; find lib -name '*.cc')

# A test in shell runs because .ci/run or a CMakeLists.txt names it.
while IFS= read -r script; do
  grep -qF -- "$script" .ci/run ||
    grep -rqF --include=CMakeLists.txt -- "$(basename "$script")" tests ||
    complain "$script: nobody runs it"
done < <(find tests -name '*.sh' ! -path tests/run.sh)

while IFS= read -r line; do
  complain "$line: a test that is switched off"
done < <(grep -rnE --include='*.cc' --include='*.h' 'DISABLED_|GTEST_SKIP' tests)

exit "$dead"
