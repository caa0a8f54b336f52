#!/usr/bin/env bash
# run.sh [--sanitize[=TOOL,…]] [PACKAGE…]: the GPU tests of the folder that make gpu-test made, on a host with a GPU and nothing else.
#
# A test is a GPU test if its name says GPU or Hardware. Without a GPU they fail. Under --sanitize each test runs again, in a process
# of its own, under compute-sanitizer's racecheck, memcheck, initcheck and synccheck, or the chosen of them, with -test.short: the tools
# are a hundred times slower, so there a generation is repeated three times instead of a hundred, and sequences and samples are fewer and
# shorter. JOBS of these processes run side by side (default 1). Whatever fails, the rest runs; the exit code is 1 if anything failed.
# Full outputs are in logs/. LIMIT seconds for one process (default 900); RUN chooses among the tests, as go test -run does.
set -uo pipefail
cd "$(dirname "$0")"
tools=() packages=()
for word in "$@"; do
  case $word in
  --sanitize) tools=(racecheck memcheck initcheck synccheck) ;; # the slowest first
  --sanitize=?*) IFS=, read -ra tools <<<"${word#*=}" ;;
  -*) echo "run.sh: unknown flag $word: want --sanitize, --sanitize=TOOL,… or packages" >&2; exit 2 ;;
  *) packages+=("$word") ;;
  esac
done
for tool in "${tools[@]}"; do
  case $tool in racecheck | memcheck | initcheck | synccheck) ;; *) echo "run.sh: unknown tool '$tool': want racecheck, memcheck, initcheck or synccheck" >&2; exit 2 ;; esac
done
if [ ${#packages[@]} = 0 ]; then
  mapfile -t packages < <(find . -name '*.test' -printf '%h\n' | sed 's|^\./||' | sort)
fi
[ ${#packages[@]} -gt 0 ] || { echo 'run.sh: no test binary in this folder: make it with make gpu-test' >&2; exit 2; }
if [ ${#tools[@]} -gt 0 ] && ! command -v compute-sanitizer >/dev/null; then
  echo 'run.sh: compute-sanitizer is not on the PATH: it is part of the CUDA toolkit' >&2
  exit 2
fi
export EVORANK_GPU=require EVORANK_SHARED=$PWD/shared LIMIT=${LIMIT:-900}
choice=${RUN:-GPU|Hardware}
rm -rf logs/rows
mkdir -p logs/rows

# process TOOL PACKAGE PATTERN NUMBER: one process, its log, and a file with what the table needs of it.
process() {
  local tool=$1 package=$2 pattern=$3 id binary log begun seconds code passed broken skipped verdict=ok
  id=${package//\//-}-$tool-$4 binary=./$(basename "$package").test
  log=$PWD/logs/$id.txt
  local command=("$binary" -test.v -test.run "$pattern") options=(--require-cuda-init no) # tests of plans need none
  [ "$tool" != memcheck ] || options+=(--report-api-errors no) # a kernel's parameters are counted by asking until there is none
  [ "$tool" = none ] || command=(compute-sanitizer --tool "$tool" --error-exitcode 9 "${options[@]}" "${command[@]}" -test.short)
  begun=$(date +%s%N)
  (cd "$package" && timeout "$LIMIT" "${command[@]}") >"$log" 2>&1
  code=$?
  seconds=$(awk -v ns=$(($(date +%s%N) - begun)) 'BEGIN { printf "%.1f", ns / 1e9 }')
  passed=$(grep -c '^--- PASS' "$log") broken=$(grep -c '^--- FAIL' "$log") skipped=$(grep -c '^--- SKIP' "$log")
  case $code in
  0) ;;
  9) verdict="FAILED: $tool found errors" ;;
  124) verdict="FAILED: not done after $LIMIT s" ;;
  *) verdict="FAILED: exit code $code" ;;
  esac
  printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$package" "$tool" "$passed" "$broken" "$skipped" "$seconds" "$verdict" >"logs/rows/$id"
  [ "$verdict" = ok ] || { echo "== $package, $tool, $pattern: $verdict"; grep -E -A8 '^--- FAIL|^panic|=========' "$log" | head -60; }
}
export -f process

for package in "${packages[@]}"; do process none "$package" "$choice" 0; done
for tool in "${tools[@]}"; do
  for package in "${packages[@]}"; do
    number=0
    # RUN's slashes choose subtests: they stay behind the name of the test.
    while read -r test; do
      rest=; [ "${choice#*/}" = "$choice" ] || rest=/${choice#*/}
      printf '%s\0%s\0%s\0%s\0' "$tool" "$package" "^$test\$$rest" $((number += 1))
    done < <(cd "$package" && "./$(basename "$package").test" -test.list "${choice%%/*}" | grep '^Test')
  done
done | xargs -0 -r -n 4 -P "${JOBS:-1}" bash -c 'process "$@"' process

echo
./evorank version 2>/dev/null || true
nvidia-smi --query-gpu=name,driver_version,clocks.sm --format=csv,noheader 2>/dev/null || true
printf '%-22s %-10s %6s %6s %6s %8s  %s\n' package tool passed failed skipped seconds verdict
# A row a package and tool: sums of its processes, and the first verdict that is not ok.
sort logs/rows/* | awk -F '\t' '
  { key = $1 FS $2; if (!(key in verdict)) { order[++rows] = key; verdict[key] = "ok" } }
  { passed[key] += $3; failed[key] += $4; skipped[key] += $5; seconds[key] += $6; if (verdict[key] == "ok") verdict[key] = $7 }
  END { for (i = 1; i <= rows; i++) { key = order[i]; split(key, name, FS)
    if (verdict[key] == "ok" && !passed[key]) verdict[key] = "FAILED: no test ran"
    if (verdict[key] != "ok") bad = 1
    printf "%-22s %-10s %6d %6d %6d %8.1f  %s\n", name[1], name[2], passed[key], failed[key], skipped[key], seconds[key], verdict[key] }
    exit bad }'
