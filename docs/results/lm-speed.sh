#!/usr/bin/env bash
# Tokens a second at the paper's network sizes, beside PyTorch and JAX in the same run on the same stories.
# Usage: EVORANK_SHARED=DIR PYTHON=python docs/results/lm-speed.sh > docs/results/lm-speed.txt
# PYTHON has torch, jax, numpy, safetensors and tokenizers. About ten minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${EVORANK_SHARED:-../shared}/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
isas=$(grep -qw avx512f /proc/cpuinfo && echo --isa=avx512; grep -qw avx2 /proc/cpuinfo && echo --isa=avx2)
"$work/evorank" bench lm --device cpu --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" \
  $isas --threads 1 --threads 2 --repeat 3 --python "${PYTHON:-python3}"
echo
echo "memory of a population of 512 (generation 2, 64 stories), maximum resident set:"
"$work/evorank" train tinystories-factored --quiet --generations 2 --run-dir "$work/run" --set lm.data.stories=64 \
  --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" >/dev/null &
pid=$!
peak=0
while kill -0 $pid 2>/dev/null; do
  now=$(awk '/VmHWM/ {print $2}' /proc/$pid/status 2>/dev/null || true)
  [ -n "$now" ] && peak=$now
  sleep 0.2
done
wait $pid
echo "$((peak / 1024)) MiB"
