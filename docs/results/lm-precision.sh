#!/usr/bin/env bash
# What 16-bit operands do to the losses and to the selection of populations as they evolve, against float64.
# Usage: EVORANK=path/to/evorank DATA=DIR PYTHON=python3 docs/results/lm-precision.sh > docs/results/lm-precision.txt
# DATA holds tinystories-train.txt and tokenizer-bpe2048.json; PYTHON has torch for CUDA and safetensors, and computes the truth:
# this program's own float64 makes 5,000 tokens a second and core, a population has 125 million, so it is only compared with.
# RUNS is a folder with runs tinystories-factored and tinystories-dense of 300 generations, otherwise they are made: 100 s on one
# H200. A population takes a minute; STORIES=253 takes every fourth story, GENERATIONS and PRECISIONS choose others.
set -euo pipefail
cd "$(dirname "$0")/../.."
evorank=${EVORANK:-bin/evorank} data=${DATA:?} python=${PYTHON:?} generations=${GENERATIONS:-1,50,300}
flags=(--device cuda --generations "$generations" --python "$python")
[ -z "${STORIES:-}" ] || flags+=(--stories "$STORIES")
for p in ${PRECISIONS:-}; do flags+=(--precision "$p"); done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runs=${RUNS:-$work}
for config in tinystories-factored tinystories-dense; do
  [ -d "$runs/$config" ] || "$evorank" train "$config" --quiet --device cuda --generations "${generations##*,}" --run-dir "$runs/$config" \
    --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" --set lm.data.heldout_every=0 >/dev/null
  "$evorank" bench precision "$runs/$config" "${flags[@]}" | sed -u "s#$runs/##"
  echo
done
