#!/usr/bin/env bash
# Kills, interrupts, bad input and damaged files, as tests print them.
# Usage: docs/results/checks.sh > docs/results/checks.txt
set -euo pipefail
cd "$(dirname "$0")/../.."
go test -count=1 -v -run 'TestKill|TestInterrupt|TestCommands|TestOutputThatCannotBeWritten|TestEvalJSON|TestDecodeUndoesEncode' ./cmd/evorank
go test -count=1 -v -run 'TestResumeEqualsNeverStopped|TestSameRunSameBytes|TestDamagedLineage|TestShortenedLineage|TestLock|TestRefusals|TestDeviceChange|TestVerify' ./run
go test -count=1 -v -run 'Damage|Flip|Truncat|Cut' ./run/lineage
go test -count=1 -v -run 'TestThousandGenerations' ./population
