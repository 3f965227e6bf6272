#!/usr/bin/env bash
# The demonstration: two kv_servers as two processes on loopback, and the conversation of the guide
# with one of them about a bucket that lives on the other.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cmake/setup.sh build
if [[ ! -f build/CMakeCache.txt ]]; then
  # The tests are tests/run.sh's business, which turns them on.
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=RelWithDebInfo -DKVROUTE_BUILD_TESTS=OFF \
    --log-level=NOTICE
fi
cmake --build build --target kv_server -j "$(nproc)"

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
client_port() { sed -n 's/.* serves clients on .*://p' "$work/$1.log"; }
is_up() { [[ -n $(client_port "$1") ]]; }

# connect foo|bar: from now on a client of its.
connect() {
  node=$1
  exec 3<>"/dev/tcp/127.0.0.1/$(client_port "$node")"
}
# say REQUEST ANSWER...: sends a line, shows it and the lines that come back, and where it ran, which
# the node has logged by then.
say() {
  local expected answer way
  printf '%s\r\n' "$1" >&3
  echo "  > $1"
  for expected in "${@:2}"; do
    IFS= read -r -t 10 answer <&3
    echo "  < ${answer%$'\r'}"
    if [[ $answer != "$expected"$'\r' ]]; then
      echo "That should have been: $expected" >&2
      return 1
    fi
  done
  way=$(sed -n 's/.* went //p' "$work/$node.log" | tail -n 1 | sed 's/@[^ ]*//g')
  echo "      ran on ${way##* }   [$way]"
}

foo_name=foo@127.0.0.1:$(free_port)
bar_name=bar@127.0.0.1:$(free_port)
while [[ ${bar_name#*:} == "${foo_name#*:}" ]]; do bar_name=bar@127.0.0.1:$(free_port); done
printf '%s\n' "a..m $foo_name" "n..z $bar_name" >"$work/table"
server=(build/examples/kv_server "--table=$work/table" --port=0 --log_routes)
"${server[@]}" "--name=$foo_name" 2>"$work/foo.log" &
foo=$!
"${server[@]}" "--name=$bar_name" 2>"$work/bar.log" &
bar=$!
wait_for 10 is_up foo
wait_for 10 is_up bar

echo "Two nodes are up, each a process of its own, with one table:"
sed 's/^/  /' "$work/table"

echo "A client talks to foo, at 127.0.0.1:$(client_port foo). Buckets from n to z live on bar:"
connect foo
say "CREATE shopping" OK
say "PUT shopping milk 1" OK
say "PUT shopping eggs 3" OK
say "GET shopping milk" 1 OK
say "DELETE shopping eggs" OK
say "GET shopping eggs" "" OK
echo "Those from a to m are foo's own:"
say "CREATE hello" OK
echo "Another talks to bar, at 127.0.0.1:$(client_port bar), and finds the same:"
connect bar
say "GET shopping milk" 1 OK

exec 3>&-
kill "$foo" "$bar"
wait "$foo"
wait "$bar"
echo "Both nodes have stopped."
