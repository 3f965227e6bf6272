#!/usr/bin/env bash
# setup.sh build|test|bench|ci: installs by apt what is missing to build, to test or to measure as
# well, or to check a change as well (Debian bookworm). With all of it there it does nothing and asks no network.
set -euo pipefail

packages=(g++ cmake ninja-build ccache libgrpc++-dev libprotobuf-dev libabsl-dev
          protobuf-compiler protobuf-compiler-grpc
          prometheus-cpp-dev libasio-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libedit-dev)
tests=(libgtest-dev libgmock-dev tmux openssl nftables)
bench=(libbenchmark-dev python3 gnuplot-nox)
case ${1-} in
  build) ;;
  test) packages+=("${tests[@]}") ;;
  bench) packages+=("${bench[@]}") ;;
  ci) packages+=("${tests[@]}" "${bench[@]}" pkgconf binutils clang-14 libclang-rt-14-dev
                 clang-format-14 clang-tidy-14) ;;
  *)
    echo "usage: $0 build|test|bench|ci" >&2
    exit 2
    ;;
esac

if ! command -v dpkg-query >/dev/null; then
  echo "$0: no Debian; I take it that the equivalents of these are there: ${packages[*]}" >&2
  exit 0
fi

missing=()
for package in "${packages[@]}"; do
  state=$(dpkg-query --show --showformat=' ${db:Status-Status} ' "$package" 2>/dev/null) || true
  [[ $state == *" installed "* ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0

if ((EUID != 0)); then
  echo "$0: missing: ${missing[*]}" >&2
  echo "$0: to install them: sudo apt-get install ${missing[*]}" >&2
  exit 1
fi

echo "== installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=(apt-get install -y --no-install-recommends "${missing[@]}")
# Where the package lists know them all there may be no need to fetch the lists anew.
if "${install[@]}" --simulate >/dev/null 2>&1 && "${install[@]}" </dev/null; then
  exit 0
fi
apt-get update
"${install[@]}" </dev/null
