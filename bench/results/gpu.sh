#!/usr/bin/env bash
# What GPUs reach: checked, then timed, as a share of the ceilings that are measured in the same run, beside PyTorch and JAX.
# Usage: EVORANK=path/to/evorank DATA=DIR [PYTHON=python3] [DEVICE=cuda] bench/results/gpu.sh [ours|baselines]… > bench/results/gpu.txt
# DATA holds tinystories-train.txt and tokenizer-bpe2048.json. PYTHON has torch, jax and safetensors for CUDA; without it the
# baselines are left out. On one H200 a minute and a quarter for ours, and half a minute for each program of the baselines and
# network: three programs, or those that BASELINES names (words such as "JAX" or "PyTorch flash", separated by commas), for the
# networks that NETWORKS begins with (dense,factored 32,small). A program that takes longer than LIMIT (90s) is marked.
set -uo pipefail
cd "$(dirname "$0")/../.."
evorank=${EVORANK:-bin/evorank} data=${DATA:?} device=${DEVICE:-cuda} failed=0
paper=(--data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json")

# bench WORDS…: says the command and runs it; what fails does not stop the rest.
bench() {
  echo "\$ evorank bench $*" | sed "s#$data#DATA#g"
  "$evorank" bench "$@" --device "$device" || { echo "exit code $?"; failed=1; }
  echo
}

# each FLAG WORDS: the flag for each of the words between commas
each() {
  local word words
  flags=()
  IFS=, read -ra words <<<"$2"
  for word in "${words[@]}"; do flags+=("$1" "$word"); done
}

ours() {
  bench lm "${paper[@]}" ${GENERAL-"--precision" "fp16" "--precision" "bf16"}
  # The paper's generation: survivors keep their losses, so with 16 more individuals 512 are evaluated.
  each --network "$networks"
  bench lm "${paper[@]}" "${flags[@]}" --generations "${GENERATIONS:-50}" --repeat 1
  bench lm "${paper[@]}" --network 'factored 32' --populations 528 --generations "${GENERATIONS:-50}" --repeat 1
  bench lm "${paper[@]}" --network 'factored 32' --populations 64,128,256,512,1024 --stories 64,256,1012 --repeat 3
  bench noise
  bench develop
  bench transfer
}

baselines() {
  [ -n "${PYTHON:-}" ] || { echo 'no PYTHON: no baselines'; return; }
  local chosen
  each --baseline "${BASELINES:-}"
  chosen=("${flags[@]}")
  each --network "$networks"
  bench lm "${paper[@]}" "${flags[@]}" --python "$PYTHON" "${chosen[@]}" --limit "${LIMIT:-90s}" --repeat 3
}

networks=${NETWORKS:-dense,factored 32,small}
"$evorank" version
nvidia-smi --query-gpu=index,name,driver_version,clocks.max.sm,clocks.max.mem,power.limit --format=csv 2>/dev/null
echo
[ $# -gt 0 ] || set -- ours baselines
for part in "$@"; do $part; done
exit $failed
