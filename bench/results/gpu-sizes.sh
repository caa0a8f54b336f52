#!/usr/bin/env bash
# Networks that the fused kernels do not take, of hidden sizes 256 and 1024, in every precision: checked and timed, and compiled PyTorch
# on the same networks and stories beside each: 32 individuals at hidden 256, 8 at 1024. The bar: no more than 1.5 times PyTorch's time. Exit code 1 if it is missed anywhere.
# Usage: EVORANK=path/to/evorank PYTHON=python3 [TEST=path/to/transformer.test] bench/results/gpu-sizes.sh > bench/results/gpu-sizes.txt
# PYTHON has torch and safetensors for CUDA; each of its programs may take LIMIT (60s), and one that fails or takes longer is marked:
# four for each of the SIZES ("256 1024"), and half a minute each on one H200. BASELINES names others, such as "PyTorch cudnn" or "JAX".
# With TEST, which is `go test -c ./kernels/transformer`: what each kernel takes, what precisions do to losses of fresh populations, and
# developed weights beside factors.
set -uo pipefail
evorank=$(realpath "${EVORANK:-bin/evorank}") python=${PYTHON:?} failed=0
precisions=${PRECISIONS:-fp16 bf16 tf32 fp32} baselines=${BASELINES:-PyTorch flash,PyTorch any}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# each FLAG WORDS: the flag for each of the words between commas
each() {
  local word words
  IFS=, read -ra words <<<"$2"
  for word in "${words[@]}"; do flags+=("$1" "$word"); done
}

# verdicts HIDDEN: ours against PyTorch in each precision, by the lines that bench has printed
verdicts() {
  local precision times
  for precision in $precisions; do
    times=$(sed -nE "s/.* $precision: ([0-9.]+) times PyTorch .*/\1/p" "$work/$1")
    awk -v p="$precision" -v h="$1" -v t="${times:-0}" 'BEGIN {
      verdict = t == 0 ? "not compared" : sprintf("%.2f of the time that PyTorch takes: %s", 1 / t, 1 / t <= 1.5 ? "met" : "MISSED")
      print "bar, hidden " h ", " p ": " verdict
      exit verdict !~ /met/ }' || failed=1
  done
}

for hidden in ${SIZES:-256 1024}; do
  flags=(--hidden "$hidden" --network dense --populations "$((8192 / hidden))" --stories 32 --limit "${LIMIT:-60s}" --device "${DEVICE:-cuda}")
  each --precision "${precisions// /,}"
  each --baseline "$baselines"
  echo "\$ evorank bench lm ${flags[*]} --python $python"
  "$evorank" bench lm "${flags[@]}" --python "$python" | tee "$work/$hidden" || { echo "exit code $?"; failed=1; }
  echo
  verdicts "$hidden"
  echo
done

[ -n "${TEST:-}" ] || exit $failed
test=$(realpath "$TEST")
export EVORANK_GPU=require
cd "$(dirname "$0")/../../kernels/transformer" || exit
# tests FLAGS…: those lines of the log that say what was measured, without their place in the source
tests() {
  timeout 120 "$test" "$@" -test.v >"$work/log" 2>&1 || { echo "exit code $?: $*"; failed=1; }
  grep -E 'map\[|device-ms|hidden|FAIL' "$work/log" | sed 's/^ *[a-z_]*_test\.go:[0-9]*: //'
}
tests -test.run XXX -test.bench GPUTiled -test.benchtime 4x
EVORANK_PRECISIONS=1 tests -test.run GPUTiledPrecisions
tests -test.run XXX -test.bench GPUFactored -test.benchtime 3x
exit $failed
