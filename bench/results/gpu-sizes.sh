#!/usr/bin/env bash
# The tiled kernels at hidden 256 and 1024 in each precision, beside compiled PyTorch on the same lengths of stories, then what each
# precision does to the losses of fresh populations.
# Usage: TEST=path/to/kernels-transformer.test [PYTHON=python3] bench/results/gpu-sizes.sh > bench/results/gpu-sizes.txt
# TEST is `go test -c ./kernels/transformer`. PYTHON has torch for CUDA. About three minutes on one H200.
set -uo pipefail
test=$(realpath "${TEST:?}") python=${PYTHON:-python3}
cd "$(dirname "$0")/../../kernels/transformer"
lengths=287,251,266,110,195,40,471,446,229,133,237,269,40,328,346,65,313,427,197,207,393,125,302,357,320,286,313,444,245,86,133,302

nvidia-smi --query-gpu=name,driver_version --format=csv,noheader
"$test" -test.run XXX -test.bench GPUTiled -test.benchtime 4x -test.v | grep -E 'map\[|device-ms'
for size in '--hidden 256 --ffn 1024 --heads 8 --head-dim 32' '--hidden 1024 --ffn 4096 --heads 16 --head-dim 64'; do
  for precision in bf16 fp16 tf32 fp32; do
    for batch in 4 8; do
      # shellcheck disable=SC2086
      "$python" ../../bench/baselines/lm_gpu_torch_sizes.py --lengths $lengths $size --precision $precision --batch $batch
    done
  done
done
EVORANK_PRECISIONS=1 "$test" -test.run GPUTiledPrecisions -test.v | grep hidden
