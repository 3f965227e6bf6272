#!/usr/bin/env bash
# The demonstration: two nodes as two processes on loopback, and operations that find their way.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake/setup.sh build
if [[ ! -f build/CMakeCache.txt ]]; then
  # The tests are tests/run.sh's business, which turns them on.
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DKVROUTE_BUILD_TESTS=OFF \
    --log-level=NOTICE
fi
cmake --build build --target member -j "$(nproc)"

work=$(mktemp -d)
foo='' bar=''
stop() {
  local status=$?
  trap - EXIT
  # shellcheck disable=SC2086 # empty where it was not started
  kill $foo $bar 2>/dev/null || true
  wait
  rm -rf "$work"
  exit "$status"
}
trap stop EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

free_port() {  # below those that the kernel gives to outgoing connections
  local port
  while port=$((10000 + RANDOM % 20000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}

# wait_for SECONDS COMMAND...: until it succeeds, and both nodes live.
wait_for() {
  local tries=$(($1 * 20))
  shift
  until "$@"; do
    if ((--tries == 0)) || ! kill -0 "$foo" "$bar" 2>/dev/null; then
      echo "This did not come true: $*" >&2
      tail "$work"/*.log >&2
      return 1
    fi
    sleep 0.05
  done
}
is_up() { grep -q 'is up$' "$work/$1.log"; }
answers() { (($(wc -l <"$work/$1.log") >= $2)); }  # answers NODE COUNT

declare -A input=([foo]=3 [bar]=4) asked=([foo]=1 [bar]=1)  # the first line says that it is up
# ask foo|bar OPERATION EXPECTED: hands it to that node and shows what came of it.
ask() {
  local node=$1 answer
  echo "$2" >&"${input[$node]}"
  wait_for 10 answers "$node" $((asked[$node] += 1))
  answer=$(tail -n 1 "$work/$node.log")
  echo "  on $node: ${answer#  }"
  if [[ $answer != *"=>  $3"* ]]; then
    echo "That should have been: $3" >&2
    return 1
  fi
}

foo_name=foo@127.0.0.1:$(free_port)
bar_name=bar@127.0.0.1:$(free_port)
while [[ ${bar_name#*:} == "${foo_name#*:}" ]]; do bar_name=bar@127.0.0.1:$(free_port); done
printf '%s\n' "a..m $foo_name" "n..z $bar_name" >"$work/table"
mkfifo "$work/foo.in" "$work/bar.in"
build/examples/member "$foo_name" "$work/table" >"$work/foo.log" 2>&1 <"$work/foo.in" &
foo=$!
build/examples/member "$bar_name" "$work/table" >"$work/bar.log" 2>&1 <"$work/bar.in" &
bar=$!
exec 3>"$work/foo.in" 4>"$work/bar.in"  # a node ends with its input
wait_for 10 is_up foo
wait_for 10 is_up bar

echo "Two nodes are up, each a process of its own, with one table:"
sed 's/^/  /' "$work/table"

echo "Buckets from n to z live on bar. Asked on foo, their operations travel:"
ask foo "create shopping" OK
ask foo "put shopping milk 1" OK
ask foo "get shopping milk" 1
echo "Asked on bar, the same bucket is at home:"
ask bar "get shopping milk" 1
echo "And a bucket from a to m is foo's, whoever asks:"
ask foo "whoami hello" "$foo_name"
ask bar "whoami hello" "$foo_name"

exec 3>&- 4>&-
wait "$foo"
wait "$bar"
echo "Both nodes have stopped."
