#!/usr/bin/env bash
# Whole runs on a GPU: 300 generations, dense runs of several seeds, and the same run on CPU and GPU.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-gpu-runs.sh > docs/results/lm-gpu-runs.txt
# DATA as for lm-gpu.sh. KEEP is a folder that keeps the runs: lm-precision.sh takes them as RUNS. About four minutes on one H200.
set -euo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?}
work=${KEEP:-$(mktemp -d)}
[ -n "${KEEP:-}" ] || trap 'rm -rf "$work"' EXIT
mkdir -p "$work"
"$evorank" version

field() { sed "s/.*\"$2\":\([-0-9.e+]*\).*/\1/" "$1"; }
train() { # train DIRECTORY CONFIG GENERATIONS DEVICE [flags…]
  local dir=$1 config=$2 n=$3 device=$4
  shift 4
  "$evorank" train "$config" --quiet --device "$device" --generations "$n" --run-dir "$dir" \
    --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" "$@" >/dev/null
}

for config in tinystories-factored tinystories-dense; do
  train "$work/$config" "$config" 300 cuda --set lm.data.heldout="$data/tinystories-heldout.txt" --set lm.data.heldout_every=50
  echo
  echo "$config, 512 individuals, 1,012 stories, seed 1, fp16: best / mean / sd, seconds of an evaluation since the line before,"
  echo "held-out loss of the best"
  awk -F'[:,]' '{ for (i = 1; i < NF; i++) { gsub(/[{"]/, "", $i); v[$i] = $(i + 1) }
      g = v["generation"]; seconds += v["generation_seconds"]; evaluation += v["evaluation_seconds"]
      if (g == 1 || g == 3 || g == 10 || g == 22 || g % 50 == 0) {
        printf "%5d  %.3f / %.3f / %.3f  %.4f  %s\n", g, v["loss_best"], v["loss_mean"], v["loss_std"], evaluation / (g - last), ("heldout_loss_best" in v) ? v["heldout_loss_best"] : ""
        evaluation = 0; last = g
      }
      delete v }
    END { printf "       %.0f s\n", seconds }' "$work/$config/metrics.jsonl"
done

echo
echo "dense, all stories: gain of the best from generation 3 to 22 (the reference's log: 1.52), sd within the population"
for seed in 1 2 3 4 5; do
  train "$work/d$seed" tinystories-dense 22 cuda --seed $seed --set lm.data.heldout_every=0
  m="$work/d$seed/metrics.jsonl"
  awk -v seed=$seed -v a="$(field "$m" loss_best | sed -n 3p)" -v b="$(field "$m" loss_best | sed -n 22p)" \
    -v c="$(field "$m" loss_std | sed -n 3p)" -v d="$(field "$m" loss_std | sed -n 22p)" \
    'BEGIN { printf "seed %d  %.3f -> %.3f  gain %.3f  sd %.3f -> %.3f\n", seed, a, b, a - b, c, d }'
done

echo
echo "the same run (64 individuals, 64 stories) on CPU and GPU: generations with the same survivors and the same digests"
for config in tinystories-factored tinystories-dense; do
  for device in cpu cuda; do
    train "$work/$config-$device" "$config" 60 $device --set lm.data.stories=64 --set lm.data.heldout_every=0 --set search.population=64
    "$evorank" lineage "$work/$config-$device" --format jsonl | grep -v '"selected":null' |
      sed 's/.*"generation":\([0-9]*\).*"id":\([0-9]*\).*"digest":\("[0-9a-f]*"\).*/\1 \2 \3/' >"$work/$config-$device.txt"
  done
  awk -v c="$config" 'NR == FNR { a[FNR] = $0; next } a[FNR] != $0 { print c ": the same up to generation " $1 - 1; found = 1; exit } END { if (!found) print c ": the same for all 60 generations" }' \
    "$work/$config-cpu.txt" "$work/$config-cuda.txt"
done
