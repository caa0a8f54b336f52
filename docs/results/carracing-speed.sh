#!/usr/bin/env bash
# CarRacing's steps a second, of the environment and of policies in it, beside Gymnasium driven by the same actions in
# the same run. Usage: PYTHON=python docs/results/carracing-speed.sh > docs/results/carracing-speed.txt
# PYTHON has gymnasium[box2d] 1.4.0 and opencv-python. About seven minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
"$work/evorank" bench carracing --python "${PYTHON:-python3}"

# This machine's speed changes within minutes, so the ratios again from short runs, ours and Gymnasium's seconds apart.
echo
echo "nine short runs (one track, one round): ratio to Gymnasium, least, median, most"
for _ in 1 2 3 4 5 6 7 8 9; do
  "$work/evorank" bench carracing --python "${PYTHON:-python3}" --tracks 1 --repeat 1
done | sed -n 's/ times Gymnasium.*//p' >"$work/ratios"
for row in 'step, no pictures' 'step, observation 96×96' 'step, observation 64×64' 'reset, no pictures'; do
  printf '%-26s %s\n' "$row" "$(grep "^$row" "$work/ratios" | awk '{print $NF}' | sort -g | awk '{v[NR] = $1} END {print v[1], v[int((NR + 1) / 2)], v[NR]}')"
done
