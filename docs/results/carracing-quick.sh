#!/usr/bin/env bash
# carracing-quick: the learning curve, and the best driver of the last generation on 100 tracks that had no part in
# selection. Usage: docs/results/carracing-quick.sh > docs/results/carracing-quick.txt
# SEEDS says which, 1 2 3 if nothing does: some four minutes each on two free cores. RUNS=DIR keeps the runs, and goes
# on with those that are there.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runs=${RUNS:-$work/runs}
mkdir -p "$runs"
go build -o "$work/evorank" ./cmd/evorank
"$work/evorank" version
grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'

# column KEY FILE: that number of each line of metrics.jsonl, - where there is none
column() { sed -n "s/.*\"$1\":\([-0-9.e]*\).*/\1/p; t; s/.*/-/p" "$2"; }

for seed in ${SEEDS:-1 2 3}; do
  run=$runs/seed-$seed
  if [ ! -e "$run/run.json" ]; then
    "$work/evorank" train carracing-quick --quiet --seed $seed --run-dir "$run" >/dev/null
  elif ! grep -q '"status": "done"' "$run/run.json"; then
    "$work/evorank" resume "$run" --quiet >/dev/null
  fi
  echo
  echo "seed $seed: returns, as docs/metrics.md has them; held out: of the best one, on 8 tracks that selection never sees"
  m=$run/metrics.jsonl
  paste <(column generation "$m") <(column return_best "$m") <(column return_mean "$m") <(column return_median "$m") <(column heldout_return_best "$m") <(column env_steps "$m") |
    awk 'BEGIN {printf "%10s %8s %8s %8s %9s %9s\n", "generation", "best", "mean", "median", "held out", "env steps"}
      {steps += $6} $1 == 1 || $1 % 5 == 0 {printf "%10d %8.1f %8.1f %8.1f %9s %9d\n", $1, $2, $3, $4, $5 == "-" ? "-" : sprintf("%.1f", $5), steps}'
  awk -F'"generation_seconds":' '{s += $2} END {printf "%.0f s in all\n", s}' "$m"
  "$work/evorank" eval "$run" --episodes 100 --seed 1000000
done
