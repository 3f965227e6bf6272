#!/usr/bin/env bash
# security_md.sh ROOT BUILD: runs the commands of SECURITY.md, as they stand there but for paths
# and ports, and looks for all that it says they print.
set -euo pipefail
root=$1 build=$2
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -r "$work"' EXIT

# blocks LANGUAGE: the text of all such blocks.
blocks() {
  awk -v fence="\`\`\`$1" '
    inside && $0 == "```" { inside = 0; next }
    inside { if (wanted) print; next }
    /^```/ { inside = 1; wanted = ($0 == fence) }' "$root/SECURITY.md"
}
free_port() {  # below those that the kernel gives to outgoing connections
  local port
  while port=$((10000 + RANDOM % 20000)); (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do :; done
  echo "$port"
}
ports=()
for number in 4001 4002 4003; do ports+=(-e "s/\b$number\b/$(free_port)/g"); done

mkdir "$work/tmp"
export TMPDIR=$work/tmp
{ echo "set -euo pipefail"; blocks sh; } |
  sed "${ports[@]}" -e "s|\$PWD/build/examples|$build/examples|" >"$work/commands.sh"
timeout 100 bash "$work/commands.sh" >"$work/output" 2>"$work/errors" || {
  cat "$work/commands.sh" "$work/output" "$work/errors" >&2
  exit 1
}

said=0
while IFS= read -r line; do
  if ! grep -qF -- "$line" "$work/output"; then
    echo "SECURITY.md says, but nobody did: $line" >&2
    cat "$work/output" "$work/errors" >&2
    exit 1
  fi
  ((said += 1))
done < <(blocks "" | sed "${ports[@]}")
((said == 3))
