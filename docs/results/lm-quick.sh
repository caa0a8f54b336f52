#!/usr/bin/env bash
# The first thing that a newcomer runs, three seeds. Usage: docs/results/lm-quick.sh > docs/results/lm-quick.txt
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
"$work/evorank" version
"$work/evorank" devices
for seed in 1 2 3; do
  echo
  begun=$(date +%s)
  "$work/evorank" train --quiet --seed $seed --run-dir "$work/$seed" | sed "s#$work/##g"
  echo "seed       $seed, $(($(date +%s) - begun)) s"
  echo "held-out   $("$work/evorank" eval "$work/$seed" --heldout | tail -1)"
done
