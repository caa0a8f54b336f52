#!/usr/bin/env bash
# The first thing that a newcomer runs, three seeds. Usage: docs/results/lm-quick.sh > docs/results/lm-quick.txt
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
"$work/evorank" version
"$work/evorank" devices
trial() { # trial NAME SEED [flags…]
  local name=$1 seed=$2 begun
  shift 2
  begun=$(date +%s)
  echo
  "$work/evorank" train --quiet --seed "$seed" --run-dir "$work/$name-$seed" "$@" | sed "s#$work/##g"
  echo "seed       $seed, $(($(date +%s) - begun)) s"
  echo "held-out   $("$work/evorank" eval "$work/$name-$seed" --heldout | tail -1)"
}
for seed in 1 2 3; do trial lm-quick $seed; done
echo
echo "All weights dense, embedding std 0.3, the same mutation rate (0.02):"
for seed in 1 2 3; do
  trial dense $seed --set init.embedding_std=0.3 --set mutation.dense_rate=0.02 \
    --set 'lm.encoding={embedding: dense, attention: dense, feed_forward: dense}'
done
