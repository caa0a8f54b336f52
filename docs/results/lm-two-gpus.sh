#!/usr/bin/env bash
# One GPU and two: the same lineage, and the time of a generation. Then what bounds four, without having them: the time that one card
# takes for a quarter of the population on all stories, which is the share of one of four.
# Usage: EVORANK=path/to/evorank DATA=DIR docs/results/lm-two-gpus.sh > docs/results/lm-two-gpus.txt (DATA as for lm-gpu.sh)
# Half a minute on H200s. On a host with one GPU: what one can do. DEVICES (cuda:0 cuda:0,1), GENERATIONS (32), POPULATIONS
# (512,256,128), REPEAT (10) and TRAIN (more flags) choose others.
set -euo pipefail
evorank=${EVORANK:-bin/evorank} data=${DATA:?} generations=${GENERATIONS:-32} populations=${POPULATIONS:-512,256,128}
text=(--data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$evorank" version
"$evorank" devices | tee "$work/devices"
[ "$(grep -c '^cuda:' "$work/devices")" -ge 2 ] && devices='cuda:0 cuda:0,1' || devices=cuda:0
read -ra devices <<<"${DEVICES:-$devices}"
one=${devices[0]}
if [ ${#devices[@]} -gt 1 ]; then # CUDA's numbers change with the order, nvidia-smi's stay with the cards
  echo
  echo '$ CUDA_VISIBLE_DEVICES=1,0 evorank devices'
  CUDA_VISIBLE_DEVICES=1,0 "$evorank" devices
fi

# median DEVICE KEY of its run's generations, but for the first two
median() { tail -n +3 "$work/$1/metrics.jsonl" | sed "s/.*\"$2\":\([-0-9.e+]*\).*/\1/" | sort -g | awk '{ x[NR] = $1 } END { print x[int((NR + 1) / 2)] }'; }
# seconds DEVICE POPULATION of an evaluation
seconds() { sed -nE "/\"individuals\":$2,/s/.*\"median_seconds\":([-0-9.e+]+).*/\1/p" "$work/$1.json"; }
ratio() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.3f", a / b }'; }

printf '\nruns of %s generations, medians of generations 3 to %s\n' "$generations" "$generations"
for device in "${devices[@]}"; do
  # shellcheck disable=SC2086
  "$evorank" train tinystories-factored --quiet --device "$device" --generations "$generations" --run-dir "$work/$device" \
    --set lm.data.heldout_every=0 "${text[@]}" ${TRAIN:-} >/dev/null
  cmp "$work/$one/lineage.bin" "$work/$device/lineage.bin"
  printf '%-9s lineage %s  evaluation %.4f s, %s times as fast  generation %.4f s, %s times as fast\n' "$device" \
    "$(sha256sum <"$work/$device/lineage.bin" | cut -c1-16)" \
    "$(median "$device" evaluation_seconds)" "$(ratio "$(median "$one" evaluation_seconds)" "$(median "$device" evaluation_seconds)")" \
    "$(median "$device" generation_seconds)" "$(ratio "$(median "$one" generation_seconds)" "$(median "$device" generation_seconds)")"
done

printf '\nevaluation of founders on all stories, medians\n'
IFS=, read -r whole half quarter <<<"$populations"
for device in "${devices[@]}"; do
  "$evorank" bench lm "${text[@]}" --network 'factored 32' --populations "$populations" --device "$device" --repeat "${REPEAT:-10}" --json \
    ${STORIES:+--stories "$STORIES"} >"$work/$device.json"
  for n in $whole $half $quarter; do printf '%-9s %4d individuals  %8.2f ms\n' "$device" "$n" "$(awk -v s="$(seconds "$device" "$n")" 'BEGIN { print 1000 * s }')"; done
done

# No card of four has less than a quarter, so four cannot be faster than one card is with that; whatever else four cards cost is on top.
printf '\nbounds, not measurements: if nothing but the children mattered, two cards are %s and four %s times as fast as one\n' \
  "$(ratio "$(seconds "$one" "$whole")" "$(seconds "$one" "$half")")" "$(ratio "$(seconds "$one" "$whole")" "$(seconds "$one" "$quarter")")"
two=${devices[1]:-}
[ -z "$two" ] || printf 'if four cards lost no more than two do with a quarter each, four are %s times as fast as one\n' "$(ratio "$(seconds "$one" "$whole")" "$(seconds "$two" "$half")")"
