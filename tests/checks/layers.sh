#!/usr/bin/env bash
# layers.sh ROOT: fails if a file of lib/ includes one of a layer above its own, or if anything but
# lib/rpc sees gRPC or protobuf.
set -euo pipefail
cd "$1/lib"
layers=(base table data peer rpc exec node)  # lowest first
bad=0

above=("${layers[@]}")
for layer in "${layers[@]}"; do
  [[ -d $layer ]] || { echo "no layer lib/$layer" >&2; exit 1; }
  above=("${above[@]:1}")
  forbidden=$(printf '%s/|' "${above[@]}")
  [[ $layer == rpc ]] || forbidden+='grpc|google/protobuf/|kvroute/v1/|'
  if grep -rnE "#include [\"<](${forbidden%|})" "$layer" >&2; then
    echo "^ not for lib/$layer" >&2
    bad=1
  fi
done
# A user of the public API like any other.
if grep -rnE '#include "' prometheus | grep -vE '"(kv|absl)/' >&2; then
  echo "^ not for lib/prometheus" >&2
  bad=1
fi
exit "$bad"
