#!/usr/bin/env bash
# carracing-factored for an hour on two cores, beside the first generations of the paper's Figure 5 (method 7.2a): the
# best survivor's mean of six episodes, mean of 15 trials ± 1.96 standard errors; and generation 1 of other seeds.
# Usage: RUN=DIR docs/results/carracing-factored.sh > docs/results/carracing-factored.txt
# A run at DIR/seed-1 is shown as far as it is; without one, one is made, and one generation of seeds 2 to 8.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
runs=${RUN:-$work/runs}
mkdir -p "$runs"
go build -o "$work/evorank" ./cmd/evorank
if [ ! -e "$runs/seed-1" ]; then
  "$work/evorank" train carracing-factored --quiet --seed 1 --max-time 1h --run-dir "$runs/seed-1" >/dev/null || [ $? -eq 75 ]
  for seed in 2 3 4 5 6 7 8; do
    "$work/evorank" train carracing-factored --quiet --seed $seed --generations 1 --set carracing.episodes.heldout_every=0 --run-dir "$runs/seed-$seed" >/dev/null
  done
fi
grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'

number() { sed -n "s/.*\"$1\":\([-0-9.e+]*\).*/\1/p" "$2"; } # number KEY FILE: of each line of metrics.jsonl

cat >"$work/paper" <<'PAPER'
1 95.8 18.1
2 181.3 39.3
3 275.4 55.3
4 350.7 55.6
5 399.1 63.3
6 419.3 68.2
7 474.0 80.3
8 470.5 77.6
9 522.0 77.7
10 542.9 80.4
11 545.9 75.2
12 560.0 74.8
13 571.6 71.2
14 603.7 64.0
15 591.3 72.5
16 651.3 78.3
17 619.8 68.7
18 625.0 69.9
19 651.2 67.0
20 676.1 68.4
PAPER
m=$runs/seed-1/metrics.jsonl
echo
echo "seed 1, generation by generation. Paper: mean ± 1.96 standard errors of 15 trials; spread: the standard deviation of a"
echo "single trial that follows from it (error · √15 / 1.96); off by: ours from the paper's mean, in those."
paste -d' ' <(number generation "$m") <(number return_best "$m") <(number return_median "$m") <(number episodes "$m") <(number env_steps "$m") <(number generation_seconds "$m") >"$work/ours"
awk 'BEGIN {printf "%10s %8s %17s %8s %7s %10s %10s %9s\n", "generation", "best", "paper", "spread", "off by", "median", "env steps", "seconds"}
  NR == FNR {mean[$1] = $2; error[$1] = $3; next}
  {
    spread = error[$1] * sqrt(15) / 1.96
    if ($1 in mean) printf "%10d %8.1f %8.1f ± %6.1f %8.1f %+7.1f %10.1f %10d %9.0f\n", $1, $2, mean[$1], error[$1], spread, ($2 - mean[$1]) / spread, $3, $5, $6
    else printf "%10d %8.1f %17s %8s %7s %10.1f %10d %9.0f\n", $1, $2, "", "", "", $3, $5, $6
    steps += $5; seconds += $6; episodes += $4
  }
  END {printf "%d generations, %d episodes, %d steps, %.0f s: %.0f steps/s\n", FNR, episodes, steps, seconds, steps / seconds}' "$work/paper" "$work/ours"

# its best on the first track that it was scored on in generation 10 is carracing-drive.gif:
# evorank play DIR/seed-1 --generation 10 --episode 0 --view 96 --every 8 --output docs/results/carracing-drive.gif

echo
for seed in "$runs"/seed-*; do
  echo "$(basename "$seed"), generation 1: $(number return_best "$seed/metrics.jsonl" | head -1)"
done | awk '{print; x[NR] = $4; sum += $4}
  END {
    mean = sum / NR
    for (i = 1; i <= NR; i++) square += (x[i] - mean)^2
    sd = sqrt(square / (NR - 1)); printf "mean of %d seeds %.1f ± %.1f (1.96 standard errors), sd %.1f; paper 95.8 ± 18.1, sd 35.8\n", NR, mean, 1.96 * sd / sqrt(NR), sd
  }'
