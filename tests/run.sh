#!/usr/bin/env bash
# Builds everything in build/ and runs the tests. See usage below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<USAGE
usage: tests/run.sh [--only LABEL]... [--exclude LABEL]... [--include LABEL]... [-- CTEST_ARGUMENT...]

  --only LABEL     run the tests with this label alone
  --exclude LABEL  leave the tests with this label out
  --include LABEL  run them although an --exclude leaves them out

Each may be given more than once. For example: tests/run.sh --exclude distributed
After -- come arguments for ctest: tests/run.sh -- -R RouterTest
USAGE
}

only=() exclude=() include=() generator=()
while (($#)); do
  case $1 in
    -h | --help) usage && exit 0 ;;
    --) shift && break ;;
    --only | --exclude | --include)
      if [[ -z ${2-} ]]; then
        echo "$1 needs a label" >&2
        usage >&2
        exit 2
      fi
      declare -n labels=${1#--}
      labels+=("$2")
      shift 2
      ;;
    *)
      echo "unknown argument: $1" >&2
      usage >&2
      exit 2
      ;;
  esac
done

contains() {  # contains WORD LIST...
  local word=$1 each
  for each in "${@:2}"; do [[ $each == "$word" ]] && return 0; done
  return 1
}
join() {  # join SEPARATOR LIST...
  local separator=$1 all
  all=$(printf "$separator%s" "${@:2}")
  echo "${all#"$separator"}"
}

cmake/setup.sh test
[[ -f build/CMakeCache.txt ]] || generator=(-G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo)
cmake -S . -B build "${generator[@]}" -DKVROUTE_BUILD_TESTS=ON --log-level=NOTICE

mapfile -t known <build/tests/labels.txt
left_out=()
for label in "${only[@]}" "${exclude[@]}" "${include[@]}"; do
  if ! contains "$label" "${known[@]}"; then
    echo "unknown label: $label (there are: $(join ', ' "${known[@]}"))" >&2
    exit 2
  fi
done
for label in "${known[@]}"; do
  contains "$label" "${only[@]}" "${include[@]}" && continue
  if ((${#only[@]})) || contains "$label" "${exclude[@]}"; then left_out+=("$label"); fi
done

cmake --build build -j "$(nproc)"

included=("${only[@]}" "${include[@]}")
((${#included[@]})) && echo "Including tags: [$(join ', ' "${included[@]}")]"
filter=()
if ((${#left_out[@]})); then
  echo "Excluding tags: [$(join ', ' "${left_out[@]}")]"
  filter=(--label-exclude "^($(join '|' "${left_out[@]}"))\$")
fi

results=$PWD/build/tests/results.xml
rm -f "$results"
status=0
ctest --test-dir build -j "$(nproc)" --output-on-failure --no-tests=error \
  --output-junit "$results" "${filter[@]}" "$@" || status=$?

count() {  # count tests|failures: what ctest wrote; nothing, if it ran nothing
  { grep -m1 -o "\b$1=\"[0-9]*\"" "$results" 2>/dev/null || echo 0; } | tr -dc 0-9
}
all=$(ctest --test-dir build --show-only | sed -n 's/^Total Tests: //p')
ran=$(count tests)
echo
echo "$ran tests, $(count failures) failures, $((all - ran)) excluded"
((ran)) || exit 1
exit "$status"
