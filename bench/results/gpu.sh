#!/usr/bin/env bash
# What GPUs reach: checked, then timed, as a share of the ceilings that are measured in the same run, beside PyTorch and JAX.
# Usage: EVORANK=path/to/evorank DATA=DIR [PYTHON=python3] [DEVICE=cuda] bench/results/gpu.sh > bench/results/gpu.txt
# DATA holds tinystories-train.txt and tokenizer-bpe2048.json. PYTHON has torch, jax and safetensors for CUDA; without it the
# baselines are left out. Two minutes on one H200, and half a minute more for each program of the baselines and network.
set -uo pipefail
cd "$(dirname "$0")/../.."
evorank=${EVORANK:-bin/evorank} data=${DATA:?} device=${DEVICE:-cuda} failed=0
text=(--data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json")

# bench WORDS…: says the command and runs it; what fails does not stop the rest.
bench() {
  echo "\$ evorank bench $*" | sed "s#$data#DATA#g"
  timeout "${LIMIT:-600}" "$evorank" bench "$@" --device "$device" || { echo "exit code $?"; failed=1; }
  echo
}

"$evorank" version
nvidia-smi --query-gpu=name,driver_version,clocks.max.sm,clocks.max.mem,power.limit --format=csv 2>/dev/null
echo
bench lm "${text[@]}" --precision fp16 --precision bf16
bench lm "${text[@]}" --network 'factored 32' --populations 64,256,512,1024 --stories 64,256,1012 --repeat 3
bench noise
bench develop
bench transfer
if [ -n "${PYTHON:-}" ]; then
  for network in ${NETWORKS:-factored dense}; do
    [ "$network" = factored ] && network='factored 32'
    bench lm "${text[@]}" --network "$network" --python "$PYTHON" --repeat 3
  done
  # Networks that do not fit the fused kernels.
  [ -n "${SKIP_LARGE:-}" ] || bench lm "${text[@]}" --hidden 256 --populations 32 --stories 64 --python "$PYTHON" --repeat 3
  [ -n "${SKIP_LARGE:-}" ] || bench lm "${text[@]}" --hidden 1024 --populations 8 --stories 64 --network factored --python "$PYTHON" --repeat 3
fi
exit $failed
