#!/usr/bin/env bash
# What CarRacing's commands say to bad input: each command, its exit code, its one line.
# Usage: docs/results/carracing-bad-input.sh > docs/results/carracing-bad-input.txt
# Exit codes: 1 failure, 2 flags or config, 3 data or weights, 4 device. A quarter of a minute.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$root" && go build -o "$work/bin/evorank" ./cmd/evorank)
cd "$work"
PATH=$work/bin:$PATH
cp "$root/task/carracing/testdata/policy-integer.safetensors" driver.safetensors

# The input: actions, weights, runs.
printf '0,0.5,0\n0,NaN,0\n' >nan.csv
printf '0,0.5,0\n0,0.5\n' >two.csv
printf '0,0.5,0\n\n0,0.5,0\n' >gap.csv
printf '0,fast,0\n' >word.csv
: >empty.csv
: >empty.bin
head -c 20 /dev/zero >short.bin
head -c 24 /dev/zero | tr '\0' '\377' >nan.bin
printf '0,0.5,0\n' >good.csv
cp good.csv good.txt
head -c 1000 driver.safetensors >cut.safetensors
sed 's/"size": "64"/"size": "32"/' driver.safetensors >other-shape.safetensors
evorank train --quiet --run-dir language --generations 1 >/dev/null
evorank export language --output language.safetensors >/dev/null
evorank train carracing-factored --quiet --run-dir drivers --generations 2 --set 'search={population: 6, survivors: 2}' \
  --set 'carracing.episodes={all: 2, finalists: 3, more: 2, heldout: 0}' --set carracing.environment.max_steps=12 >/dev/null
cp -r drivers damaged
printf 'x' | dd of=damaged/lineage.bin bs=1 seek=200 conv=notrunc status=none

try() { # try ARGUMENTS: none of these may succeed
  local code=0
  echo "$ evorank $*"
  evorank "$@" 2>&1 || code=$?
  echo "[exit $code]"
  [ "$code" -ne 0 ]
}
echo "== actions"
for f in nan.csv two.csv gap.csv word.csv empty.csv empty.bin short.bin nan.bin none.csv good.txt; do try env carracing --seed 1 --actions $f; done
echo "== seeds"
for seed in -1 18446744073709551616 1.5 ''; do try env carracing --seed "$seed" --actions good.csv; done
try play --weights driver.safetensors --seed 99999999999999999999
try eval --weights driver.safetensors --seed 18446744073709551615 --episodes 2
echo "== weights"
for f in none.safetensors cut.safetensors other-shape.safetensors language.safetensors; do try play --weights $f --seed 1; done
try eval --weights other-shape.safetensors --episodes 1
echo "== runs"
try play language
try play drivers --generation 3
try play drivers --generation 2 --individual 999
try play drivers --episode 4
try play drivers --max-steps 5
try play damaged
try play nowhere
try generate drivers
try eval drivers --heldout
try train carracing-factored --device cuda
try train carracing-factored --set carracing.network.stride=9
try train carracing-factored --set carracing.episodes.finalists=1000
try train carracing-factored --data stories.txt
echo "== where to show it"
try play --weights driver.safetensors --seed 1 --output drive.mp4
try play --weights driver.safetensors --seed 1 --output nowhere/drive.gif
try play --weights driver.safetensors --seed 1 --output driver.safetensors
try play --weights driver.safetensors --seed 1 --view 50
