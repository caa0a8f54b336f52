#!/usr/bin/env python3
"""Make stats_golden.json: what SciPy and statsmodels say about random samples.

    python -m venv venv && venv/bin/pip install scipy==1.17.1 statsmodels
    venv/bin/python make_stats_golden.py

Go's tests read the file; this script is run by hand when cases change.
The bootstrap cases draw the same resamples as Go does (PCG-DXSM and a
multiply), and let SciPy make the BCa interval of them.
"""

import itertools
import json
import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from scipy import stats
from statsmodels.stats.multitest import multipletests

STREAM = int.from_bytes(b"bootstra", "big")
MASK = (1 << 64) - 1


class PCG:
    """math/rand/v2's PCG: 128-bit state, DXSM output."""

    def __init__(self, seed, stream):
        self.state = seed << 64 | stream

    def uint64(self):
        multiplier = 2549297995355413924 << 64 | 4865540595714422341
        increment = 6364136223846793005 << 64 | 1442695040888963407
        self.state = (self.state * multiplier + increment) & ((1 << 128) - 1)
        high, low = self.state >> 64, self.state & MASK
        high ^= high >> 32
        high = high * 0xDA942042E4DD58B5 & MASK
        high ^= high >> 48
        return high * (low | 1) & MASK


def draw(rng, size, kind):
    """One sample, rounded so that the file is short and Go reads the same numbers."""
    if kind == "continuous":
        return [round(float(v), 6) for v in rng.normal(rng.normal(), rng.uniform(0.3, 3), size)]
    if kind == "skewed":
        return [round(float(v), 6) for v in np.exp(rng.normal(rng.normal() * 0.4, 1, size))]
    if kind == "integers":
        return [int(v) for v in rng.integers(0, 6, size) + rng.integers(0, 2)]
    if kind == "coarse":
        return [round(float(v) * 4) / 4 for v in rng.normal(rng.normal(), 2, size)]
    raise ValueError(kind)


def brute_force(x, y):
    """Two-sided permutation p of the rank sum: every way to deal the values."""
    ranks = stats.rankdata(x + y)
    observed = ranks[: len(x)].sum()
    sums = [sum(c) for c in itertools.combinations(ranks, len(x))]
    below = sum(s <= observed + 1e-9 for s in sums)
    above = sum(s >= observed - 1e-9 for s in sums)
    return min(1, 2 * min(below, above) / len(sums))


def two_samples(rng, x, y):
    ties = len(set(x + y)) < len(x + y)
    case = {"x": x, "y": y, "ties": ties}
    case["u"] = float(stats.mannwhitneyu(x, y, method="asymptotic").statistic)
    case["normal"] = float(stats.mannwhitneyu(x, y, method="asymptotic", use_continuity=True).pvalue)
    case["ranksums"] = float(stats.ranksums(x, y).pvalue)
    if not ties:
        case["exact"] = float(stats.mannwhitneyu(x, y, method="exact").pvalue)
    elif len(x) + len(y) <= 12:
        case["exact"] = brute_force(x, y)
    a, b = np.array(x), np.array(y)
    case["cliff"] = float(np.sign(a[:, None] - b[None, :]).mean())
    if len(y) > 1 and len(set(y)) > 1:
        case["glass"] = float((a.mean() - b.mean()) / b.std())
        case["glass_sample"] = float((a.mean() - b.mean()) / b.std(ddof=1))
    return case


def make_two(rng):
    cases = []
    for i in range(320):
        kind = ("continuous", "skewed", "integers", "coarse")[i % 4]
        top = 7 if i < 160 else 30 if i < 280 else 60
        m, n = (int(v) for v in rng.integers(1 if i < 40 else 2, top, 2))
        x, y = draw(rng, m, kind), draw(rng, n, kind)
        if len(set(x + y)) > 1:
            cases.append(two_samples(rng, x, y))
    return cases


def make_kruskal(rng):
    cases = []
    for i in range(160):
        kind = ("continuous", "skewed", "integers", "coarse")[i % 4]
        groups = [draw(rng, int(rng.integers(1, 12)), kind) for _ in range(int(rng.integers(2, 6)))]
        if len(set(itertools.chain(*groups))) > 1:
            h, p = stats.kruskal(*groups)
            cases.append({"groups": groups, "h": float(h), "p": float(p)})
    return cases


def make_summaries(rng):
    cases = []
    for i in range(60):
        kind = ("continuous", "skewed", "integers", "coarse")[i % 4]
        x = draw(rng, int(rng.integers(2, 25)), kind)
        q1, q2, q3 = (float(v) for v in np.percentile(x, [25, 50, 75]))
        cases.append({
            "x": x, "q1": q1, "median": q2, "q3": q3, "mean": float(np.mean(x)),
            "sd_sample": float(np.std(x, ddof=1)), "sd_population": float(np.std(x)),
            "standard_error": float(stats.sem(x)),
        })
    return cases


def make_holm(rng):
    cases = []
    for i in range(30):
        p = [float(v) for v in np.round(rng.uniform(0, 1, int(rng.integers(1, 9))) ** 3, 4)]
        cases.append({"p": p, "adjusted": [float(v) for v in multipletests(p, method="holm")[1]]})
    return cases


def resampled(samples, seed, count, statistic):
    """The statistics of the resamples that Go draws of the sorted samples."""
    source, values = PCG(seed, STREAM), []
    for _ in range(count):
        drawn = [[s[source.uint64() * len(s) >> 64] for _ in s] for s in samples]
        values.append(statistic(*[np.sort(d) for d in drawn]))
    return np.array(values)


def make_bootstrap(rng):
    def one(of):
        return lambda x, axis=-1: of(x, axis=axis)

    def two(of):
        return lambda x, y, axis=-1: of(x, axis=axis) - of(y, axis=axis)

    cases, count = [], 400
    for i in range(48):
        kind = ("continuous", "skewed", "integers", "coarse")[i % 4]
        name, of = (("median", np.median), ("mean", np.mean))[i // 4 % 2]
        samples = [sorted(draw(rng, int(rng.integers(4, 20)), kind)) for _ in range(1 + i // 8 % 2)]
        if any(len(set(s)) < 3 for s in samples):
            continue
        statistic = one(of) if len(samples) == 1 else two(of)
        seed = int(rng.integers(0, 2**63))
        confidence = (0.95, 0.9)[i % 2]
        before = SimpleNamespace(bootstrap_distribution=resampled(samples, seed, count, statistic))
        interval = stats.bootstrap(
            samples, statistic, n_resamples=0, confidence_level=confidence,
            method="BCa", bootstrap_result=before,
        ).confidence_interval
        if math.isfinite(interval.low) and math.isfinite(interval.high):
            cases.append({
                "samples": samples, "statistic": name, "seed": seed, "resamples": count,
                "confidence": confidence, "low": float(interval.low), "high": float(interval.high),
            })
    return cases


def make_power(rng):
    """The power of the exact test, simulated with the trials that Noether's formula asks for."""
    cases = []
    for shift in (0.8, 1.0, 1.5, 2.0):
        delta = 2 * stats.norm.cdf(shift / math.sqrt(2)) - 1
        z = stats.norm.ppf(0.975) + stats.norm.ppf(0.8)
        n = math.ceil(2 * z * z / (3 * delta * delta))
        x, y = rng.normal(shift, 1, (4000, n)), rng.normal(0, 1, (4000, n))
        p = stats.mannwhitneyu(x, y, axis=1, method="exact").pvalue
        cases.append({"shift": shift, "cliff": delta, "n": n, "simulated_power": float((p <= 0.05).mean())})
    return cases


def every_sign(differences):
    """Two-sided permutation p of the signed-rank sum: every way the signs can fall."""
    ranks = stats.rankdata(np.abs(differences))
    observed = ranks[np.array(differences) > 0].sum()
    sums = np.array([ranks[list(signs)].sum() for signs in itertools.product((False, True), repeat=len(ranks))])
    return min(1, 2 * min((sums <= observed + 1e-9).mean(), (sums >= observed - 1e-9).mean()))


def make_signed(rng):
    cases = []
    for i in range(200):
        kind = ("continuous", "skewed", "integers", "coarse")[i % 4]
        n = int(rng.integers(1, 11 if i < 160 else 50))
        d = [round(a - b, 6) for a, b in zip(draw(rng, n, kind), draw(rng, n, kind))]
        rest = [v for v in d if v != 0]
        ties = len({abs(v) for v in rest}) < len(rest)
        if not rest or (ties and len(rest) > 10):
            continue
        ranks = stats.rankdata(np.abs(rest))
        case = {"d": d, "ties": ties, "w": float(ranks[np.array(rest) > 0].sum())}
        case["p"] = float(every_sign(rest)) if ties else float(stats.wilcoxon(rest, method="exact").pvalue)
        cases.append(case)
    return cases


def main():
    rng = np.random.default_rng(20261122)
    golden = {
        "two_samples": make_two(rng), "kruskal": make_kruskal(rng), "summaries": make_summaries(rng),
        "holm": make_holm(rng), "bootstrap": make_bootstrap(rng), "power": make_power(rng),
        "signed": make_signed(rng),
    }
    lines = []
    for name, cases in golden.items():
        body = ",\n".join("  " + json.dumps(c, separators=(",", ":")) for c in cases)
        lines.append(f'"{name}": [\n{body}\n]')
    Path(__file__).with_name("stats_golden.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print({name: len(cases) for name, cases in golden.items()})


if __name__ == "__main__":
    main()
