#!/usr/bin/env bash
# Random populations and first generations on TinyStories, beside the tables 7.1(c) and 7.1(d) of the method's
# specification. Usage: EVORANK_SHARED=DIR docs/results/lm-generations.sh > docs/results/lm-generations.txt
# DIR/data holds tinystories-train.txt and tokenizer-bpe2048.json. About six minutes on two cores with AVX-512.
set -euo pipefail
cd "$(dirname "$0")/../.."
data=${EVORANK_SHARED:-../shared}/data
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/evorank" ./cmd/evorank
"$work/evorank" version
grep -m1 'model name' /proc/cpuinfo | sed 's/.*: //'

# field FILE KEY: that number of each line of metrics.jsonl
field() { sed "s/.*\"$2\":\([-0-9.e]*\).*/\1/" "$1"; }

train() { # train CONFIG GENERATIONS STORIES [settings…]: a run in $work/run
  local config=$1 generations=$2 stories=$3
  shift 3
  rm -rf "$work/run"
  "$work/evorank" train "$config" --quiet --generations "$generations" --run-dir "$work/run" \
    --data "$data/tinystories-train.txt" --tokenizer "$data/tokenizer-bpe2048.json" \
    --set lm.data.stories="$stories" --set lm.data.heldout_every=0 "${@/#/--set=}" >/dev/null
}

echo
echo "Generation 1: 512 random individuals, first 48 stories. The specification's figures in brackets come from other"
echo "random individuals, so means differ by about (sd²/n + sd²/512)^½, which is 'sampling error' here."
echo
printf '%-46s %8s %8s %8s %8s   %s\n' setting mean sd best worst 'specification: mean sd n | difference of means in sampling errors'
generation1() { # generation1 NAME CONFIG "MEAN SD N" [settings…]
  local name=$1 config=$2 spec=$3
  shift 3
  train "$config" 1 48 "$@"
  local m="$work/run/metrics.jsonl"
  awk -v name="$name" -v mean="$(field "$m" loss_mean)" -v sd="$(field "$m" loss_std)" -v best="$(field "$m" loss_best)" \
    -v worst="$(field "$m" loss_worst)" -v spec="$spec" 'BEGIN {
      split(spec, s, " "); error = sqrt(s[2]^2 / s[3] + sd^2 / 512)
      printf "%-46s %8.3f %8.3f %8.3f %8.3f   %s %s %s | %+.1f\n", name, mean, sd, best, worst, s[1], s[2], s[3], (mean - s[1]) / error }'
}
generation1 'dense' tinystories-dense '20.79 1.17 512'
generation1 'dense, zero decoder bias' tinystories-dense-zero-bias '20.15 1.09 512'
generation1 'dense, sinusoids' tinystories-dense '20.88 1.47 150' lm.network.position=sinusoid lm.network.rotary_dims=0
generation1 'dense, embedding std 0.25' tinystories-dense '9.60 0.25 128' init.embedding_std=0.25
generation1 'dense, embedding std 0.0442' tinystories-dense-small-embedding '8.67 0.18 128'
generation1 'dense, embedding std 0.0312' tinystories-dense '8.65 0.19 128' init.embedding_std=0.0312
generation1 'dense, embedding std 0.0442, zero decoder bias' tinystories-dense-small-embedding '7.66 0.03 128' init.decoder_bias_std=0
generation1 'factored 32/4, c = 1' tinystories-factored '8.66 0.18 512'
generation1 'factored 32/4, c = √2' tinystories-factored '8.66 0.19 512' init.tall_constant=1.4142135623730951
generation1 'factored 32/4, zero decoder bias' tinystories-factored-zero-bias '7.66 0.03 128'
generation1 'factored 4/1, c = √2' tinystories-factored-r1 '8.68 0.18 512'
generation1 'factored 64/16, c = 1' tinystories-factored-r16 '8.65 0.16 128'
generation1 'small dense' tinystories-small-dense '10.57 0.31 512'

generations() { # generations CONFIG N "GEN:BEST:MEAN:SD …"
  train "$1" "$2" 32
  echo
  echo "$1, first 32 stories, seed 1: best / mean / sd, in brackets the specification's run (one seed of another generator)"
  local m="$work/run/metrics.jsonl"
  paste <(field "$m" generation) <(field "$m" loss_best) <(field "$m" loss_mean) <(field "$m" loss_std) |
    awk -v spec="$3" 'BEGIN { n = split(spec, rows, " "); for (i = 1; i <= n; i++) { split(rows[i], r, ":"); s[r[1]] = r[2] " / " r[3] " / " r[4] } }
      { printf "%4d  %.3f / %.3f / %.3f   (%s)\n", $1, $2, $3, $4, ($1 in s) ? s[$1] : "–" }'
}
generations tinystories-dense 15 '1:17.900:20.746:1.156 2:17.786:18.557:0.329 3:17.678:17.855:0.070 4:17.534:17.710:0.060 5:17.411:17.593:0.059 6:17.263:17.463:0.056 7:17.175:17.344:0.060 8:17.064:17.215:0.050 10:16.829:17.001:0.050 12:16.623:16.776:0.049 14:16.457:16.580:0.043 15:16.387:16.494:0.038'
generations tinystories-factored 20 '1:8.012:8.683:0.193 2:7.993:8.244:0.072 3:7.969:8.004:0.011 4:7.955:7.986:0.012 5:7.942:7.970:0.013 6:7.926:7.954:0.013 7:7.912:7.940:0.012 8:7.900:7.928:0.017 10:7.878:7.904:0.018 12:7.860:7.882:0.014 14:7.833:7.861:0.015 15:7.828:7.850:0.012 16:7.817:7.838:0.010 18:7.788:7.821:0.020 20:7.767:7.795:0.015'
