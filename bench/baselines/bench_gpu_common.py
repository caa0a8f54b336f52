"""Shared by the GPU baselines: the population and the stories that evorank wrote down, buckets of stories, the JSON line.

POPULATION  one safetensors file in the format of lm_reference.py, each tensor with a leading dimension: individuals.
STORIES     {"stories": [[model id, ...], ...]}
A mean loss is the mean over stories of the mean over the story's targets, as everywhere.
"""
import json
import time

import numpy as np
from safetensors import safe_open

SIZES = ("hidden", "heads", "head_dim", "ffn", "blocks", "vocab", "rotary_dims")


def arguments(p):
    p.add_argument("--population", required=True, metavar="FILE")
    p.add_argument("--stories", required=True, metavar="FILE")
    p.add_argument("--group", type=int, default=16, help="individuals evaluated in one call")
    p.add_argument("--buckets", type=int, default=16, help="batches of stories of similar length; a batch is padded to its longest")
    p.add_argument("--chunk", type=int, default=512, help="scored tokens whose logits are in memory at once, per individual")
    p.add_argument("--repeat", type=int, default=3)


class Sizes:
    """The network's sizes, as the file's metadata has them."""

    def __init__(self, metadata):
        for k in SIZES:
            setattr(self, k, int(metadata[k]))
        assert metadata.get("position", "rotary") == "rotary", "the baselines know rotary positions only"


def load_population(path):
    """(Sizes, {name: float32 [individuals, ...]})."""
    with safe_open(path, "np") as f:
        return Sizes(f.metadata()), {k: f.get_tensor(k) for k in f.keys()}


def load_buckets(path, count, multiple):
    """A list of (ids [B, L] of int32 without each story's last id, targets [B, L] of int32, weight [B, L] of float64), and the
    number of scored tokens. The weights of all buckets add up to 1, those of a story to 1 / stories; padding weighs nothing."""
    stories = sorted(json.load(open(path))["stories"], key=len)
    out, scored = [], sum(len(s) - 1 for s in stories)
    bounds = [round(i * len(stories) / count) for i in range(count + 1)]
    for i, j in zip(bounds, bounds[1:]):
        if i == j:
            continue
        length = -(-(len(stories[j - 1]) - 1) // multiple) * multiple
        ids, targets = np.zeros((2, j - i, length), np.int32)
        weight = np.zeros((j - i, length))
        for row, s in enumerate(stories[i:j]):
            ids[row, : len(s) - 1], targets[row, : len(s) - 1] = s[:-1], s[1:]
            weight[row, : len(s) - 1] = 1 / (len(s) - 1) / len(stories)
        out.append((ids, targets, weight))
    return out, scored


def report(a, framework, run, individuals, scored):
    """Warm up, time, print one JSON line with every individual's loss. run() -> losses [individuals], on the host."""
    begun = time.perf_counter()
    losses = run()
    first = time.perf_counter() - begun
    seconds = []
    for _ in range(a.repeat):
        begun = time.perf_counter()
        losses = run()
        seconds.append(time.perf_counter() - begun)
    settings = {k: v for k, v in vars(a).items() if k not in ("population", "stories")}
    print(json.dumps({"framework": framework, **settings, "individuals": individuals, "scored_tokens": scored * individuals,
                      "first_call_s": first, "median_s": float(np.median(seconds or [first])), "seconds": seconds,
                      "losses": [float(x) for x in losses]}), flush=True)
