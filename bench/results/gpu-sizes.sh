#!/usr/bin/env bash
# The tiled kernels at hidden 256 and 1024 in each precision, beside compiled PyTorch on the same lengths of stories, then what each
# precision does to the losses of fresh populations.
# Usage: TEST=path/to/transformer.test [PYTHON=python3] bench/results/gpu-sizes.sh > bench/results/gpu-sizes.txt
# TEST is `go test -c ./kernels/transformer`. PYTHON has torch for CUDA; each of its 16 programs is compiled first and may take LIMIT
# seconds (default 120). PRECISIONS and BATCHES choose fewer of them.
set -uo pipefail
test=$(realpath "${TEST:?}") python=${PYTHON:-python3} failed=0
export EVORANK_GPU=require
cd "$(dirname "$0")/../../kernels/transformer"
lengths=287,251,266,110,195,40,471,446,229,133,237,269,40,328,346,65,313,427,197,207,393,125,302,357,320,286,313,444,245,86,133,302

run() { timeout "${LIMIT:-120}" "$@" || { echo "exit code $?: $*"; return 1; }; }
without_place() { sed 's/^ *[a-z_]*_test\.go:[0-9]*: //'; } # of a test's log

nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
run "$test" -test.run XXX -test.bench GPUTiled -test.benchtime 4x -test.v | grep -E 'map\[|device-ms|FAIL|exit code' | without_place || failed=1
EVORANK_PRECISIONS=1 run "$test" -test.run GPUTiledPrecisions -test.v | grep -E 'hidden|FAIL|exit code' | without_place || failed=1
for size in '--hidden 256 --ffn 1024 --heads 8 --head-dim 32' '--hidden 1024 --ffn 4096 --heads 16 --head-dim 64'; do
  for precision in ${PRECISIONS:-bf16 fp16 tf32 fp32}; do
    for batch in ${BATCHES:-4 8}; do
      # shellcheck disable=SC2086
      run "$python" ../../bench/baselines/lm_gpu_torch_sizes.py --lengths $lengths $size --precision "$precision" --batch "$batch" || failed=1
    done
  done
done
exit $failed
