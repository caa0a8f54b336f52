#!/usr/bin/env bash
# CarRacing's steps a second, of the environment and of policies in it, beside Gymnasium driven by the same actions in
# the same run. Usage: PYTHON=python docs/results/carracing-speed.sh > docs/results/carracing-speed.txt
# PYTHON has gymnasium[box2d] 1.4.0 and opencv-python. About two minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
"$work/evorank" bench carracing --python "${PYTHON:-python3}"
