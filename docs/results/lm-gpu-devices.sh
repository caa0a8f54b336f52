#!/usr/bin/env bash
# What a GPU's user sees and can check: devices and their self-tests, the same noise on both processors, progress and metrics of a run,
# README's first command.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-gpu-devices.sh > docs/results/lm-gpu-devices.txt
# DATA as for lm-gpu.sh. Less than a minute on one H200.
set -euo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

"$evorank" version
echo '$ evorank devices'
"$evorank" devices
echo '$ evorank devices --json'
"$evorank" devices --json

for device in cpu cuda; do
  for arguments in '--count 3 --offset 2' '--count 100000000 --digest'; do
    echo "\$ evorank noise --seed 7 --tensor 5 $arguments --device $device"
    "$evorank" noise --seed 7 --tensor 5 $arguments --device $device
  done
done

echo '$ evorank train tinystories-factored --device cuda --generations 40: the progress lines'
"$evorank" train tinystories-factored --device cuda --generations 40 --run-dir "$work/run" --set lm.data.heldout_every=0 \
  --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" 2>"$work/said" >/dev/null
grep evolved "$work/said"
echo "the last line of metrics.jsonl"
tail -n 1 "$work/run/metrics.jsonl"
echo "medians of generations 6 to 40"
for key in generation_seconds evaluation_seconds adoption_seconds check_seconds host_to_device_bytes device_to_host_bytes; do
  tail -n +6 "$work/run/metrics.jsonl" | sed "s/.*\"$key\":\([0-9.e+-]*\).*/\1/" | sort -g | awk -v key=$key '{ v[NR] = $1 } END { print "  " key, v[int((NR + 1) / 2)] }'
done

echo '$ evorank train: README'"'"'s first command where a GPU is found'
seconds=$SECONDS
(timeout 120 "$evorank" train --run-dir "$work/first" 2>"$work/said" || echo "exit code $?") | sed "s#$work/##"
grep -m 1 device "$work/said" | sed "s#$work/##"
echo "$((SECONDS - seconds)) s, the last line of metrics.jsonl"
tail -n 1 "$work/first/metrics.jsonl"
