#!/usr/bin/env bash
# What a user sees when a GPU is not to be had, is full, or goes away: tried on a real one.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-gpu-faults.sh > docs/results/lm-gpu-faults.txt
# DATA as for lm-gpu.sh; python3 takes the memory. About a minute and a half on one H200, which nobody else may use.
set -uo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?}
work=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT

title() { printf '\n# %s\n' "$*"; }
# tell COMMAND… prints the command, the last line that it says, and its exit code.
tell() {
  "$@" >"$work/out" 2>"$work/err"
  local code=$?
  echo "\$ ${*/#$evorank/evorank}" | sed "s#$work#RUNS#g; s#$data#DATA#g"
  tail -n 1 "$work/err" | sed "s#$work#RUNS#g; s#$data#DATA#g"
  echo "exit code $code"
}
train() { # train NAME [flags…]: 64 individuals, 128 stories; replace=exec gives a background job evorank's own process id
  local dir=$work/$1
  shift
  ${replace:-} "$evorank" train tinystories-factored --quiet --device cuda --run-dir "$dir" --data "$data/tinystories-train.txt" \
    --tokenizer "$data/tokenizer-bpe2048.json" --set lm.data.stories=128 --set search.population=64 --set lm.data.heldout_every=0 "$@" >/dev/null
}
same() { # same A B: are their lineages equal?
  cmp -s "$work/$1/lineage.bin" "$work/$2/lineage.bin" && echo "$3: the same lineage, $(sha256sum <"$work/$1/lineage.bin" | cut -c1-16)…" || echo "$3: ANOTHER LINEAGE"
}
generations() { cat "$work/$1/metrics.jsonl" 2>/dev/null | wc -l; }
# hog MIB takes all device memory but so much and holds it; hog MIB greedy goes on taking what becomes free.
cat >"$work/hog.py" <<'PY'
import ctypes, sys, time
cu, left, greedy = ctypes.CDLL("libcuda.so.1"), int(sys.argv[1]) << 20, len(sys.argv) > 2  # LD_LIBRARY_PATH helps
context, free, total, pointer = ctypes.c_void_p(), ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_uint64()
cu.cuInit(0); cu.cuDevicePrimaryCtxRetain(ctypes.byref(context), 0); cu.cuCtxSetCurrent(context)
told = False
while True:
    cu.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total))
    size = 2 << 20
    while size * 2 <= free.value - left: size *= 2
    if free.value - left < 2 << 20 or cu.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(size)):
        if not told: print("ready", free.value >> 20, total.value >> 20, flush=True); told = True
        time.sleep(0.0005 if greedy else 1)
PY
hog() { # hog MIB [greedy]: until unhog
  rm -f "$work/hog"
  python3 "$work/hog.py" "$@" >"$work/hog" &
  hogged=$!
  until [ -s "$work/hog" ] || ! kill -0 "$hogged" 2>/dev/null; do sleep 0.1; done
  awk '{ printf "another process leaves %d of %d MiB free\n", $2, $3 }' "$work/hog"
}
unhog() { kill "$hogged"; wait "$hogged" 2>/dev/null; }

"$evorank" version
nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader

title "GPUs hidden or misnamed"
CUDA_VISIBLE_DEVICES='' tell "$evorank" train --device cuda --run-dir "$work/none"
CUDA_VISIBLE_DEVICES='' tell "$evorank" devices
cat "$work/out"
CUDA_VISIBLE_DEVICES=7 tell "$evorank" train --device cuda --run-dir "$work/none"
CUDA_VISIBLE_DEVICES=0 tell "$evorank" train --device cuda:3 --run-dir "$work/none"
echo "without --device, and all GPUs hidden: the processor, and it says so"
CUDA_VISIBLE_DEVICES='' "$evorank" train --generations 2 --run-dir "$work/cpu" 2>&1 >/dev/null | grep -o 'device="[^"]*"'

title "Killed with SIGKILL, resumed"
train whole --generations 200
replace=exec train killed --generations 200 &
run=$!
until [ "$(generations killed)" -ge 30 ]; do sleep 0.02; done
kill -KILL "$run"
wait "$run" 2>/dev/null
code=$?
echo "killed after $(generations killed) generations, exit code $code"
"$evorank" resume "$work/killed" --quiet >/dev/null
same killed whole "resumed, 200 generations"

title "Memory taken by another process before the start"
train alone --generations 5
for left in 4096 1024 768 256; do
  hog $left
  rm -rf "$work/taken"
  tell train taken --generations 5
  [ -e "$work/taken/metrics.jsonl" ] && same taken alone "5 generations"
  unhog
done

title "A population too big for the memory"
train big-alone --generations 2 --set search.population=40000 --set lm.data.stories=16
hog 2048
tell train big --generations 2 --set search.population=40000 --set lm.data.stories=16
same big big-alone "40,000 individuals"
unhog

title "Memory taken by another process in mid-run: windows of 64 of the 128 stories, laid out anew in each generation"
train windows-alone --generations 200 --set lm.data.per_generation=64
replace=exec train windows --generations 20000 --set lm.data.per_generation=64 2>"$work/said" &
run=$!
until [ "$(generations windows)" -ge 5 ]; do sleep 0.02; done
hog 0 greedy
wait "$run"
echo "exit code $?"
tail -n 1 "$work/said" | sed "s#$work#RUNS#g"
grep -E '"(status|reason|generation)"' "$work/windows/run.json"
unhog
"$evorank" resume "$work/windows" --quiet --generations 200 >/dev/null
same windows windows-alone "resumed, 200 generations"

title "Not tried here"
echo "a card that falls off the bus, a kernel that crashes, a driver that is too old, several GPUs in another order:"
echo "tests with a driver whose functions are replaced (gpu) and with an engine that fails (run) stand for them."
