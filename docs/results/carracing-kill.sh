#!/usr/bin/env bash
# A CarRacing run is killed (SIGKILL) in both stages of two generations and resumed each time: its lineage must have the
# bytes of a run that was left alone. Usage: docs/results/carracing-kill.sh > docs/results/carracing-kill.txt
# Needs script(1), which gives the run a terminal, so that it says all the time how far it is. About two minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
knobs=(--generations 3 --set 'search={population: 24, survivors: 8}' --set 'carracing.episodes={all: 2, finalists: 12, more: 4, heldout: 0}'
  --set carracing.environment.max_steps=120 --set carracing.environment.negative_rewards=0)

"$work/evorank" train carracing-factored --quiet --run-dir "$work/whole" "${knobs[@]}" >/dev/null
echo "left alone:                  $(sha256sum <"$work/whole/lineage.bin" | cut -c1-32)  lineage.bin"

command="train carracing-factored --run-dir $work/killed$(printf " '%s'" "${knobs[@]}")"
for at in 1,1 1,2 2,1 2,2; do # generation, stage
  : >"$work/log"
  script -qefc "exec $work/evorank $command" "$work/log" </dev/null >/dev/null 2>&1 &
  terminal=$!
  until tr '\r' '\n' <"$work/log" | grep -q "generation ${at%,*}/3  stage ${at#*,}/2  [1-9]"; do
    kill -0 $terminal # the run must not end by itself
    sleep 0.1
  done
  kill -9 "$(pgrep -P $terminal)"
  wait $terminal || true
  echo "killed in $(tr '\r' '\n' <"$work/log" | grep -o 'generation [0-9]*/3  stage [0-9]/2  [0-9/]* episodes' | tail -1), complete: $("$work/evorank" lineage "$work/killed" --format csv 2>/dev/null | awk -F, 'NR > 1 && $3 > g {g = $3} END {print g + 0}')"
  command="resume $work/killed"
done
"$work/evorank" resume "$work/killed" --quiet >/dev/null
echo "resumed to the end:          $(sha256sum <"$work/killed/lineage.bin" | cut -c1-32)  lineage.bin"
cmp "$work/whole/lineage.bin" "$work/killed/lineage.bin" && echo "the same bytes"
"$work/evorank" verify "$work/killed" --sample 10

echo
echo "Stopped in every evaluation, with checkpoints and without; threads; verification, as tests print them:"
go test -count=1 -v -run 'TestStopsInAnyStage|TestSameDriveSameBytes|TestVerifyPlaysAgain|TestEpisodes' ./run |
  sed -n 's/^    [a-z0-9_]*\.go:[0-9]*: /  /p; s/^--- /--- /p; s/^\(ok\|FAIL\).*/\1/p' | sed 's/ ([0-9.]*s)$//'
