#!/usr/bin/env bash
# Two policies drive in the real Gymnasium and here: a policy of whole numbers, whose every action must be the same,
# and a random one, whose actions are sums of float32 in another order.
# Usage: PYTHON=python docs/results/carracing-closed-loop.sh > docs/results/carracing-closed-loop.txt
# PYTHON has gymnasium[box2d] 1.4.0, opencv-python and numpy. About three minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
for policy in integer random; do
  weights=task/carracing/testdata/policy-$policy.safetensors
  echo "== $policy: in Gymnasium"
  "${PYTHON:-python3}" task/carracing/testdata/closed_loop.py "$weights" --seeds 1,2,3
  echo "== $policy: here"
  for seed in 1 2 3; do "$work/evorank" play --weights "$weights" --seed $seed; done
done
echo "== action by action, beside a recording of the same in Gymnasium (closed-loop.json)"
go test -count=1 -v -run TestClosedLoop ./task/carracing | sed -n 's/^    [a-z0-9_]*\.go:[0-9]*: //p; s/^--- /--- /p' | sed 's/ ([0-9.]*s)$//'
