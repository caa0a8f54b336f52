#!/usr/bin/env bash
# One GPU and two: the same lineage, and the time of a generation.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-two-gpus.sh > docs/results/lm-two-gpus.txt (DATA as for lm-gpu.sh)
set -euo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$evorank" version
"$evorank" devices
for device in cuda:0 cuda:0,1; do
  "$evorank" train tinystories-factored --quiet --device $device --generations 32 --run-dir "$work/$device" --set lm.data.heldout_every=0 \
    --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" >/dev/null
  echo "$device  lineage $(sha256sum <"$work/$device/lineage.bin" | cut -c1-16)  median of generations 3 to 32:" \
    "$(tail -n +3 "$work/$device/metrics.jsonl" | sed 's/.*"evaluation_seconds":\([-0-9.e+]*\).*/\1/' | sort -g | sed -n 15p) s evaluation," \
    "$(tail -n +3 "$work/$device/metrics.jsonl" | sed 's/.*"generation_seconds":\([-0-9.e+]*\).*/\1/' | sort -g | sed -n 15p) s in all"
done
