#!/usr/bin/env bash
# The paper's population on a GPU: speed, repeatability, traffic. For a host with a GPU and without Go.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-gpu.sh > docs/results/lm-gpu.txt
# DATA holds tinystories-train.txt, tinystories-heldout.txt and tokenizer-bpe2048.json.
set -euo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?}
generations=${GENERATIONS:-52} device=${DEVICE:-cuda}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$evorank" version
"$evorank" devices

field() { sed "s/.*\"$2\":\([-0-9.e+]*\).*/\1/" "$1"; }
median() { sort -g | awk '{ x[NR] = $1 } END { print (x[int((NR + 1) / 2)] + x[int(NR / 2) + 1]) / 2 }'; }

train() { # train DIRECTORY CONFIG GENERATIONS [flags…]
  local dir=$1 config=$2 n=$3
  shift 3
  "$evorank" train "$config" --quiet --device "$device" --generations "$n" --run-dir "$dir" --set lm.data.heldout_every=0 \
    --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" "$@" >/dev/null
}

echo
echo "512 individuals, all 1,012 stories; medians of generations 3 to $generations. A generation is everything from the"
echo "seeds to the lineage on disk; 512 means that survivors are scored again, as the paper does (496 children otherwise)."
printf '%-28s %12s %14s %12s %12s %12s %12s\n' run 'generation s' '× 1024/1012' 'evaluate s' 'adopt s' 'bytes up' 'bytes down'
timed() { # timed NAME CONFIG [flags…]
  local name=$1 config=$2
  shift 2
  rm -rf "$work/t"
  train "$work/t" "$config" "$generations" "$@"
  tail -n +3 "$work/t/metrics.jsonl" >"$work/m"
  local g
  g=$(field "$work/m" generation_seconds | median)
  printf '%-28s %12.4f %14.4f %12.4f %12.4f %12.0f %12.0f   best %s\n' "$name" "$g" "$(awk -v g="$g" 'BEGIN { print g * 1024 / 1012 }')" \
    "$(field "$work/m" evaluation_seconds | median)" "$(field "$work/m" adoption_seconds | median)" \
    "$(field "$work/m" host_to_device_bytes | median)" "$(field "$work/m" device_to_host_bytes | median)" "$(field "$work/m" loss_best | tail -1)"
}
timed 'factored fp16' tinystories-factored
timed 'factored fp16, 528' tinystories-factored --set search.population=528
timed 'factored bf16' tinystories-factored --set execution.precision=bf16
timed 'dense fp16' tinystories-dense
timed 'small dense fp16' tinystories-small-dense

echo
echo "the same run twice, and stopped with SIGKILL and resumed: digests of the lineage"
train "$work/a" tinystories-factored 12
train "$work/b" tinystories-factored 12
"$evorank" train tinystories-factored --quiet --device "$device" --generations 12 --run-dir "$work/c" --set lm.data.heldout_every=0 \
  --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" >/dev/null &
pid=$!
until [ -f "$work/c/metrics.jsonl" ] && [ "$(wc -l <"$work/c/metrics.jsonl")" -ge 5 ]; do sleep 0.02; done
kill -9 $pid
wait $pid 2>/dev/null || true
"$evorank" resume "$work/c" --quiet >/dev/null
for run in a b c; do echo "$run $(sha256sum <"$work/$run/lineage.bin" | cut -c1-16) $(wc -l <"$work/$run/metrics.jsonl") generations"; done
"$evorank" verify "$work/a" --device "$device" --sample 20
"$evorank" verify "$work/a" --device cpu --sample 4

echo
echo "loss of the best individual on 256 held-out stories, by precision"
for p in fp32 fp16 bf16; do
  echo "$p $("$evorank" eval "$work/a" --device "$device" --precision $p --data "$data/tinystories-heldout.txt" | tail -1)"
done
echo "cpu $("$evorank" eval "$work/a" --device cpu --data "$data/tinystories-heldout.txt" | tail -1)"
