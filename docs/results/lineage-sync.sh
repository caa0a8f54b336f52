#!/usr/bin/env bash
# What it is worth that a generation's way to the disk goes by while the next one is evaluated: two programs, before (OLD, say bc53f75) and
# after (NEW), in turn, on a quiet disk and on one that another process keeps writing to.
# Usage: OLD=path/to/evorank NEW=path/to/evorank docs/results/lineage-sync.sh > docs/results/lineage-sync.txt
# Some minutes. PAIRS (7) and GENERATIONS (400) choose others.
set -euo pipefail
old=${OLD:?} new=${NEW:?} pairs=${PAIRS:-7} generations=${GENERATIONS:-400}
work=$(mktemp -d)
hog=
trap '[ -z "$hog" ] || kill "$hog" 2>/dev/null; rm -rf "$work"' EXIT
"$old" version
"$new" version

once() { # once PROGRAM: seconds
  local begun
  begun=$(date +%s%N)
  "$1" train --quiet --device cpu --generations "$generations" --run-dir "$work/run" >/dev/null 2>&1
  awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.2f\n", ns / 1e9 }'
  cp "$work/run/lineage.bin" "$work/lineage"
  rm -rf "$work/run"
}
median() { sort -g "$1" | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }

compare() { # compare WHAT
  rm -f "$work"/{old,new}
  for _ in $(seq "$pairs"); do
    once "$old" >>"$work/old" && mv "$work/lineage" "$work/before"
    once "$new" >>"$work/new" && cmp "$work/before" "$work/lineage"
  done
  printf '%s, %s generations of lm-quick, medians of %s: %s s before, %s s after, %s times; the same lineage\n' "$1" "$generations" "$pairs" \
    "$(median "$work/old")" "$(median "$work/new")" "$(awk -v a="$(median "$work/new")" -v b="$(median "$work/old")" 'BEGIN { printf "%.2f", a / b }')"
  echo "  before: $(tr '\n' ' ' <"$work/old")"
  echo "  after:  $(tr '\n' ' ' <"$work/new")"
}

compare 'quiet disk'
(while dd if=/dev/zero of="$work/hog" bs=1M count=64 conv=fsync 2>/dev/null; do :; done) &
hog=$!
compare 'busy disk'
kill "$hog" && wait "$hog" 2>/dev/null || true
hog=
