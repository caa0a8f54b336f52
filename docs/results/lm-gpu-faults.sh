#!/usr/bin/env bash
# What a user sees when a GPU is not to be had, is full, or goes away: tried on a real one.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-gpu-faults.sh [hidden|killed|taken|big|midrun]… > docs/results/lm-gpu-faults.txt
# DATA as for lm-gpu.sh; python3 takes the memory. All in about a minute and a half on one H200, which nobody else may use.
set -uo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

title() { printf '\n# %s\n' "$*"; }
short() { sed "s#$work#RUNS#g; s#$data#DATA#g"; }
# tell COMMAND… prints the command, the last line that it says, and its exit code.
tell() {
  "$@" >"$work/out" 2>"$work/err"
  local code=$?
  echo "\$ ${*/#$evorank/evorank}" | short
  tail -n 1 "$work/err" | short
  echo "exit code $code"
}
train() { # train NAME [flags…]: 64 individuals, 128 stories; replace=exec gives a background job evorank's own process id
  local dir=$work/$1
  shift
  ${replace:-} "$evorank" train tinystories-factored --quiet --device cuda --run-dir "$dir" --data "$data/tinystories-train.txt" \
    --tokenizer "$data/tokenizer-bpe2048.json" --set lm.data.stories=128 --set search.population=64 --set lm.data.heldout_every=0 "$@" >/dev/null
}
same() { # same A B WHAT: are their lineages equal?
  cmp -s "$work/$1/lineage.bin" "$work/$2/lineage.bin" && echo "$3: the same lineage, $(sha256sum <"$work/$1/lineage.bin" | cut -c1-16)…" || echo "$3: ANOTHER LINEAGE"
}
generations() { cat "$work/$1/metrics.jsonl" 2>/dev/null | wc -l; }
# reach NAME N: waits until the run $run has so many generations, or is over
reach() { until [ "$(generations "$1")" -ge "$2" ] || ! kill -0 "$run" 2>/dev/null; do sleep 0.02; done; }

# hog MIB [FILE] takes all device memory but so much and holds it; once FILE exists it takes the rest, and whatever becomes free.
cat >"$work/hog.py" <<'PY'
import ctypes, os, sys, time
cu, left = ctypes.CDLL("libcuda.so.1"), int(sys.argv[1]) << 20  # LD_LIBRARY_PATH helps
sign = sys.argv[2] if len(sys.argv) > 2 else ""
context, free, total, pointer = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_uint64()
cu.cuInit(0); cu.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0); cu.cuCtxSetCurrent(context)
told = False
while True:
    if left and sign and os.path.exists(sign): left = 0
    cu.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
    size = 2 << 20
    while size * 2 <= free.value - left: size *= 2
    if free.value - left < 2 << 20 or cu.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(size)):
        if not told: print("ready", free.value >> 20, total.value >> 20, flush=True); told = True
        time.sleep(0.0005 if sign else 1)
PY
hog() {
  rm -f "$work/hog"
  python3 "$work/hog.py" "$@" >"$work/hog" &
  hogged=$!
  until [ -s "$work/hog" ] || ! kill -0 "$hogged" 2>/dev/null; do sleep 0.1; done
  awk '{ printf "another process leaves %d of %d MiB free\n", $2, $3 }' "$work/hog"
}
unhog() { kill "$hogged"; wait "$hogged" 2>/dev/null; }

hidden() {
  title "GPUs hidden or misnamed"
  CUDA_VISIBLE_DEVICES='' tell "$evorank" train --device cuda --run-dir "$work/none"
  CUDA_VISIBLE_DEVICES='' tell "$evorank" devices
  cat "$work/out"
  CUDA_VISIBLE_DEVICES=7 tell "$evorank" train --device cuda --run-dir "$work/none"
  CUDA_VISIBLE_DEVICES=0 tell "$evorank" train --device cuda:3 --run-dir "$work/none"
  echo "without --device, and all GPUs hidden: the processor, and it says so"
  CUDA_VISIBLE_DEVICES='' "$evorank" train --generations 2 --run-dir "$work/cpu" 2>&1 >/dev/null | grep -o 'device="[^"]*"'
}

killed() {
  title "Killed with SIGKILL, resumed"
  train whole --generations 200
  replace=exec train killed --generations 200 &
  run=$!
  reach killed 30
  kill -KILL "$run"
  wait "$run" 2>/dev/null
  local code=$?
  echo "killed after $(generations killed) generations, exit code $code"
  "$evorank" resume "$work/killed" --quiet >/dev/null
  same killed whole "resumed, 200 generations"
}

taken() {
  title "Memory taken by another process before the start"
  train alone --generations 5
  for left in 4096 1024 512; do
    hog $left
    rm -rf "$work/taken"
    tell train taken --generations 5
    [ -e "$work/taken/metrics.jsonl" ] && same taken alone "5 generations"
    unhog
  done
}

big() {
  title "A population too big for the memory"
  train big-alone --generations 2 --set search.population=40000 --set lm.data.stories=16
  hog 2048
  tell train big --generations 2 --set search.population=40000 --set lm.data.stories=16
  same big big-alone "40,000 individuals"
  unhog
}

# Windows of stories are laid out anew in each generation, so that memory is given back and asked for again.
midrun() {
  title "Memory taken by another process in mid-run: windows of 900 of the 1,012 stories"
  local windows=(--set lm.data.stories=1012 --set lm.data.per_generation=900)
  train windows-alone --generations 60 "${windows[@]}"
  hog 8192 "$work/sign"
  replace=exec train windows --generations 5000 "${windows[@]}" 2>"$work/said" &
  run=$!
  reach windows 5
  touch "$work/sign"
  echo "after $(generations windows) generations it takes the rest, and whatever becomes free"
  for _ in {1..100}; do kill -0 "$run" 2>/dev/null && sleep 0.1; done
  kill -INT "$run" 2>/dev/null && echo "still running after 10 s: interrupted"
  wait "$run"
  echo "exit code $?"
  tail -n 1 "$work/said" | short
  grep -E '"(status|reason|generation)"' "$work/windows/run.json"
  unhog
  "$evorank" resume "$work/windows" --quiet --generations 60 >/dev/null
  same windows windows-alone "resumed, 60 generations"
}

"$evorank" version
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader
for section in "${@:-hidden killed taken big midrun}"; do
  for each in $section; do $each; done
done
title "Not tried"
echo "a card that falls off the bus, a kernel that crashes, a driver that is too old:"
echo "tests with a driver whose functions are replaced (gpu) and with an engine that fails (run) stand for them."
