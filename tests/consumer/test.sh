#!/usr/bin/env bash
# Tests the package, not the build: installs kvroute static and shared, and builds and runs README's
# program against each, by find_package and by pkg-config, as C++17 and as C++20. Then looks at what
# was installed. test.sh [static|shared]: that kind alone.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
root=$PWD
cmake/setup.sh ci

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
host=$work/host
mkdir "$host"
# Away from the repository, so that nothing of it is found by accident.
cp -r tests/consumer/{CMakeLists.txt,metrics.cc,plugins} examples/{two_nodes.cc,shop} "$host"
awk '/^```cpp/ {inside = 1; text = ""; next}
     /^```/ {if (inside && text ~ /int main/) {printf "%s", text; exit} inside = 0}
     inside {text = text $0 "\n"}' README.md >"$host/main.cc"
[[ -s $host/main.cc ]] || { echo "README.md shows no program" >&2; exit 1; }

fail() {
  echo "FAILED: $*" >&2
  exit 1
}
run() {  # run WHAT COMMAND...: quiet, unless it fails
  local what=$1
  shift
  "$@" >"$work/log" 2>&1 || { cat "$work/log" >&2; fail "$what"; }
  echo "ok: $what"
}

install_kind() {  # install_kind static|shared: into $prefix
  local shared=OFF build=build/consumer/$1
  [[ $1 == static ]] || shared=ON
  run "$1: configure" cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release \
    -DBUILD_SHARED_LIBS=$shared -DKVROUTE_BUILD_TESTS=OFF -DKVROUTE_BUILD_EXAMPLES=OFF
  run "$1: build" cmake --build "$build" -j "$(nproc)"
  run "$1: install" cmake --install "$build" --prefix "$prefix"
}

by_find_package() {  # by_find_package KIND STANDARD
  local build=$work/$1-$2 plugins=OFF
  [[ $1 == shared ]] || plugins=ON
  run "$1, C++$2: find_package" cmake -S "$host" -B "$build" -G Ninja -DCMAKE_CXX_STANDARD="$2" \
    -DCMAKE_PREFIX_PATH="$prefix" -DPLUGINS=$plugins -DCMAKE_EXPORT_COMPILE_COMMANDS=ON
  run "$1, C++$2: build" cmake --build "$build" -j "$(nproc)"
  ! grep -F -e "-I$root" -e "-isystem $root" "$build/compile_commands.json" ||
    fail "$1: the package points into the repository"
  run "$1, C++$2: the program runs" timeout 60 "$build/main"
  run "$1, C++$2: examples/two_nodes runs" timeout 60 "$build/two_nodes"
  run "$1, C++$2: kvroute::prometheus collects" timeout 60 "$build/metrics"
  run "$1, C++$2: examples/shop runs" timeout 60 "$build/shop"
  if [[ $plugins == ON ]]; then
    run "C++$2: two plugins in one process" timeout 60 "$build/load" "$build"/lib{one,two}.so
  fi
}

by_pkg_config() {  # by_pkg_config KIND STANDARD
  local flags=() kind=()
  [[ $1 == shared ]] || kind=(--static)
  export PKG_CONFIG_PATH=$libdir/pkgconfig
  read -ra flags <<<"$(pkg-config "${kind[@]}" --cflags --libs kvroute)"
  run "$1, C++$2: pkg-config" c++ "-std=c++$2" -Wall -Wextra -Werror "$host/main.cc" "${flags[@]}" \
    -o "$work/host-$1-$2"
  run "$1, C++$2: its program runs" \
    env LD_LIBRARY_PATH="$libdir" timeout 60 "$work/host-$1-$2"
}

headers_alone() {  # every installed header compiles by itself, and drags in no gRPC
  local header standard
  while IFS= read -r header; do
    for standard in 17 20; do
      echo "#include <$header>" | c++ "-std=c++$standard" -Wall -Wextra -Werror -fsyntax-only \
        "-I$prefix/include" -x c++ - -MD -MF "$work/includes" || fail "$header as C++$standard"
    done
    case $header in
      kv/grpc.h | kv/proto_op.h | kv/internal/proto_*) ;;  # opt-in, and named for it
      *) ! grep -oE '\S*/(grpc|grpcpp|google/protobuf)/\S*' "$work/includes" | head -3 | grep . ||
        fail "$header includes gRPC or protobuf" ;;
    esac
  done < <(cd "$prefix/include" && find kv -name '*.h' | sort)
  echo "ok: every installed header alone, as C++17 and C++20"
}

# What a shared library defines for others: what a header declares KV_EXPORT, and what the compiler
# makes of standard templates.
symbols() {
  local library=$libdir/libkvroute.so exported shown strangers
  # Each word on a line with KV_EXPORT, as an alternative.
  exported=$(grep -rh 'KV_EXPORT ' "$prefix/include/kv" | grep -v '#define' | grep -oE '\w+' |
    sort -u | paste -sd '|')
  shown=$(nm --dynamic --demangle --defined-only "$library" | cut -d' ' -f2-)
  (($(grep -c '^T kv::' <<<"$shown") > 10)) || fail "$library shows next to nothing"
  strangers=$(grep -vE "^[A-Za-z] ((vtable|VTT|typeinfo|typeinfo name|guard variable) for )?([^(]* )?kv::(internal::)?($exported)\b" \
    <<<"$shown" | grep -vE '^[VWu] ' || true)
  [[ -z $strangers ]] || fail "$library shows what is not public: $strangers"
  strangers=$(grep -E '^[VWu] ' <<<"$shown" | grep -E '(grpc|google|kvroute|absl)::' |
    grep -vE 'kv::' || true)
  [[ -z $strangers ]] || fail "$library shows code of others: $strangers"
  echo "ok: symbols"
  objdump -p "$library" | grep -E 'SONAME +libkvroute\.so\.[0-9]+\.[0-9]+$' >/dev/null || fail "no SONAME"
  [[ $(readlink -f "$library") =~ libkvroute\.so\.[0-9]+\.[0-9]+\.[0-9]+$ ]] || fail "no version"
  echo "ok: SONAME and version"
}

for kind in ${1:-static shared}; do
  prefix=$work/prefix-$kind
  install_kind "$kind"
  libdir=$(dirname "$(find "$prefix" -name 'libkvroute.*' -print -quit)")
  for standard in 17 20; do
    by_find_package "$kind" "$standard"
    by_pkg_config "$kind" "$standard"
  done
  if [[ $kind == shared ]]; then
    headers_alone
    symbols
  fi
done
