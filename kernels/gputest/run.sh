#!/usr/bin/env bash
# run.sh [--sanitize] [PACKAGE…]: the GPU tests of the folder that make gpu-test made, on a host with a GPU and nothing else.
#
# A test is a GPU test if its name says GPU or Hardware. Without a GPU they fail. Under --sanitize each package runs again under
# compute-sanitizer's memcheck, racecheck, initcheck and synccheck, with -test.short: the tools are a hundred times slower, so
# there a generation is repeated three times instead of a hundred, and fewer normals are drawn. Whatever fails, the rest runs; the
# exit code is 1 if anything failed. Full outputs are in logs/. LIMIT seconds for one package and tool (default 600);
# RUN chooses among the tests, as go test -run does.
set -uo pipefail
cd "$(dirname "$0")"
here=$PWD
tools=(none) packages=()
for word in "$@"; do
  case $word in
  --sanitize) tools=(none memcheck racecheck initcheck synccheck) ;;
  -*) echo "run.sh: unknown flag $word: want --sanitize or packages" >&2; exit 2 ;;
  *) packages+=("$word") ;;
  esac
done
if [ ${#packages[@]} = 0 ]; then
  mapfile -t packages < <(find . -name '*.test' -printf '%h\n' | sed 's|^\./||' | sort)
fi
[ ${#packages[@]} -gt 0 ] || { echo 'run.sh: no test binary in this folder: make it with make gpu-test' >&2; exit 2; }
if [ ${#tools[@]} -gt 1 ] && ! command -v compute-sanitizer >/dev/null; then
  echo 'run.sh: compute-sanitizer is not on the PATH: it is part of the CUDA toolkit' >&2
  exit 2
fi
export EVORANK_GPU=require EVORANK_SHARED=$here/shared
mkdir -p logs
rows=() failed=0

# row PACKAGE TOOL: runs one package's GPU tests and adds a line to the table.
row() {
  local package=$1 tool=$2 binary name log begun seconds code passed broken skipped verdict=ok
  name=$(basename "$package")
  log=$here/logs/${package//\//-}-$tool.txt
  local command=("./$name.test" -test.v -test.run "${RUN:-GPU|Hardware}")
  local options=()
  [ "$tool" != memcheck ] || options=(--report-api-errors no) # a kernel's parameters are counted by asking until there is none
  [ "$tool" = none ] || command=(compute-sanitizer --tool "$tool" --error-exitcode 9 "${options[@]}" "${command[@]}" -test.short)
  begun=$(date +%s%N)
  (cd "$here/$package" && timeout "${LIMIT:-600}" "${command[@]}") >"$log" 2>&1
  code=$?
  seconds=$(awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.1f", ns / 1e9 }')
  passed=$(grep -c '^--- PASS' "$log") broken=$(grep -c '^--- FAIL' "$log") skipped=$(grep -c '^--- SKIP' "$log")
  case $code in
  0) [ "$passed" -gt 0 ] || verdict='FAILED: no test ran' ;;
  9) verdict="FAILED: $tool found errors" ;;
  124) verdict="FAILED: not done after ${LIMIT:-600} s" ;;
  *) verdict="FAILED: exit code $code" ;;
  esac
  [ "$verdict" = ok ] || failed=1
  rows+=("$(printf '%-22s %-10s %6s %6s %6s %8s  %s' "$package" "$tool" "$passed" "$broken" "$skipped" "$seconds" "$verdict")")
  [ "$verdict" = ok ] || { echo "== $package, $tool: $verdict"; grep -E -A8 '^--- FAIL|^panic|=========' "$log" | head -60; }
}

for tool in "${tools[@]}"; do
  for package in "${packages[@]}"; do row "$package" "$tool"; done
done
echo
./evorank version 2>/dev/null || true
nvidia-smi --query-gpu=name,driver_version,clocks.sm --format=csv,noheader 2>/dev/null || true
printf '%-22s %-10s %6s %6s %6s %8s  %s\n' package tool passed failed skipped seconds verdict
printf '%s\n' "${rows[@]}"
exit $failed
