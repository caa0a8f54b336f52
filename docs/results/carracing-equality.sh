#!/usr/bin/env bash
# CarRacing beside recordings of Gymnasium 1.4.0: values compared and values that differ, as the tests print them.
# Usage: EVORANK_SHARED=DIR docs/results/carracing-equality.sh > docs/results/carracing-equality.txt
# DIR/golden/carracing holds the full set of recordings; without it the repository's few are compared.
# arm64 needs qemu-aarch64 (package qemu-user) and takes the repository's few. About two minutes on two cores.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tests='EqualGymnasium|EqualPygame|EqualsNumPy|EqualsGlibc|TestResetEqualsFresh|TestCopyContinuesIdentically|TestSweepsMayEndEarly|TestObservationsEqualPlainDownscale'

compare() { # compare NAME RUNNER BINARY
  local name=$1
  shift
  echo "== $name"
  (cd task/carracing && "$@" -test.count=1 -test.v -test.run "$tests") | sed -n 's/^    [a-z0-9_]*\.go:[0-9]*: /  /p; s/^--- /--- /p; /^\(PASS\|FAIL\)/p' | sed 's/ ([0-9.]*s)$//'
}
echo "$(go version | cut -d' ' -f3), $(grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //')"
go test -c -o "$work/v1" ./task/carracing
compare 'linux/amd64' "$work/v1"
if grep -qw avx2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo; then
  GOAMD64=v3 go test -c -o "$work/v3" ./task/carracing
  compare 'linux/amd64, GOAMD64=v3: the compiler may fuse multiply and add' "$work/v3"
fi
if command -v qemu-aarch64 >/dev/null; then
  CGO_ENABLED=0 GOARCH=arm64 go test -tags nogpu -c -o "$work/arm64" ./task/carracing
  export EVORANK_SHARED=$work
  compare 'linux/arm64 in qemu-user, the recordings in the repository: the compiler does fuse' qemu-aarch64 "$work/arm64"
fi
