#!/usr/bin/env bash
# What studies, comparisons and plots say to bad input: each command, its exit code, and what it says: the error, or
# the caveats that stand beside the numbers.
# Usage: docs/results/studies-bad-input.sh > docs/results/studies-bad-input.txt
# Exit codes: 0 done (with caveats), 1 failure, 2 flags or config, 3 data, 4 device. Half a minute. EVORANK names a
# program that is built already.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/bin"
if [ -n "${EVORANK:-}" ]; then cp "$EVORANK" "$work/bin/evorank"; else (cd "$root" && go build -o "$work/bin/evorank" ./cmd/evorank); fi
cd "$work"
PATH=$work/bin:$PATH
export EVORANK_CPU=avx2 NO_COLOR=1 # the same device everywhere

# The input: a study of six runs, more runs beside it, tables, study files.
small=(--quiet --generations 6 --set 'search={population: 8, survivors: 2}' --set 'lm.network={hidden: 6, heads: 1, head_dim: 3, ffn: 5, blocks: 1}'
  --set 'lm.data={corpus_stories: 4, heldout_stories: 2, heldout_every: 3}')
evorank study run lm-quick "${small[@]}" --trials 3 --dir s >/dev/null
dense() { evorank train lm-quick "${small[@]}" --set 'lm.encoding={embedding: dense, attention: dense, feed_forward: dense}' "$@" >/dev/null; }
dense --seed 4 --run-dir longer --generations 8
dense --seed 5 --run-dir precise --set execution.precision=fp64
dense --seed 6 --run-dir other-text --set lm.data.corpus_stories=6
dense --seed 7 --run-dir other-heldout --set lm.data.heldout_stories=3
EVORANK_CPU=generic dense --seed 8 --run-dir other-device
dense --seed 9 --run-dir other-rate --set mutation.dense_rate=0.5
evorank train lm-quick "${small[@]}" --seed 1 --run-dir unfinished --generations 100000 --max-time 1s >/dev/null 2>&1 || [ $? -eq 75 ]
evorank train carracing-small-dense --quiet --run-dir driver --generations 1 --set 'search={population: 2, survivors: 1}' \
  --set 'carracing.episodes={all: 1, finalists: 0, more: 0, heldout: 0}' --set carracing.environment.max_steps=2 >/dev/null
cp -r s/dense/seed-0001 twice
cp -r s/dense/seed-0001 nan && sed -i 's/"loss_best":[0-9.e+-]*/"loss_best":null/' nan/metrics.jsonl
cp -r s/dense/seed-0001 damaged && sed -i '3s/.*/{"generation":/' damaged/metrics.jsonl
cp -r s moved && sha256sum <moved/factored/seed-0001/lineage.bin >moved/factored/seed-0001/lineage.sha256 && rm moved/factored/seed-0001/lineage.bin
cp -r moved changed && cp s/dense/seed-0001/lineage.bin changed/factored/seed-0001/lineage.bin
cp -r s other && sed -i 's/"heldout_digest": "./"heldout_digest": "x/' other/dense/seed-0002/run.json
printf 'method,loss\na,1\na,1\na,1\nb,2\nb,2\nb,2\n' >constant.csv
printf 'method,loss\na,1\na,2\na,NaN\nb,2\nb,3\n' >nan.csv
printf 'method,loss\na,1\na,\nb,2\n' >gap.csv
printf 'method,loss\na,1\na,two\nb,2\n' >word.csv
printf 'method,loss\na,1\nb,2\n' >single.csv
printf 'method,loss\na,1,2\n' >ragged.csv
: >empty.csv
printf 'description: x\nconfig: lm-quick\ntrials: 2\nmetric: loss_best\nconditions:\n  - name: a\n  - name: b\n' >same.yaml
printf 'config: lm-quick\ntrails: 2\n' >typo.yaml
sed 's/  - name: b/  - name: b\n    set: [generations=9]/' same.yaml >ends.yaml
sed 's/  - name: b/  - name: b\n    set: [seed=3]/' same.yaml >seed.yaml
printf '6.5<!-- median loss_best | factored --> nats\n' >text.md

try() { # try ARGUMENTS: what is said on both streams, of tables only the groups and the caveats
  local code=0
  echo "$ evorank $*"
  evorank "$@" >said 2>&1 || code=$?
  if [ "$code" -eq 0 ]; then grep -E '^ *\[[0-9]+\]|^  (dense|factored|other|a|b)( |$)|^done|^wrote' said | cut -c1-250 || true; else cat said; fi
  echo "[exit $code]"
}
f=factored=s/factored/*
echo "== other tasks, metrics, texts"
try compare "$f" other=driver --metric generation_seconds
try compare "$f" other=driver
try compare "$f" other=other-text
try compare "$f" other=other-heldout --metric heldout_loss_best
try compare "$f" other=s/dense/* --metric accuracy
try plot curves "$f" other=driver -o c.svg
try plot curves "$f" --metric return_best -o c.svg
try plot curves "$f" --over steps -o c.svg
echo "== missing generations, unfinished runs"
try compare "$f" other=longer
try compare "$f" other=longer --generation 7
try compare "$f" other=longer,s/dense/* --generation 7 --allow-missing
try compare "$f" other=s/dense/* --metric heldout_loss_best --generation 5
try compare "$f" other=unfinished,s/dense/* --generation 6
try study report s --generations 50
echo "== one trial, constant groups, NaN"
try compare "$f" other=s/dense/seed-0001
try compare --table single.csv --group method --value loss
try compare --table constant.csv --group method --value loss
try compare --table nan.csv --group method --value loss
try compare "$f" other=nan,s/dense/seed-0002
try plot curves "$f" other=nan -o c.svg
try plot strips "$f" other=nan -o c.svg
echo "== mixed devices, precisions, configs; the same run twice"
try compare "$f" other=s/dense/*,other-device
try compare "$f" other=s/dense/*,precise
try compare "$f" other=s/dense/*,other-rate
try compare "$f" other=s/dense/seed-0001,s/dense/seed-0001
try compare "$f" other=s/dense/seed-0001,twice
echo "== tables"
for t in gap word ragged empty none; do try compare --table $t.csv --group method --value loss; done
try compare --table nan.csv --group methode --value loss
try compare --table nan.csv --group method --value loss --baseline c
try compare --table nan.csv --group method --value loss --resamples 10
try plot throughput nan.csv --width loss --rate loss -o t.svg
echo "== damaged and moved runs"
try compare "$f" other=damaged
try compare "$f" other=nowhere
try compare "$f" other='nowhere/*'
try study status moved
try study run moved --generations 8 --quiet
try study report changed
try study report other
try study run s --set mutation.bias_rate=0.5
try study report --from s
try study report s --finished nowhere
try plot lineage moved/factored/seed-0001 -o l.svg
echo "== study files"
for y in same typo ends seed none; do try study run $y.yaml --dry-run; done
try study run lm-quick --condition dens --dry-run
try study run lm-quick --parallel 0
try study run lm-quick --trials 1.5
try study run lm-quick --dir gpu --device cuda:7 --quiet
try study report s --text text.md
