#!/usr/bin/env python3
"""Drive the real CarRacing-v3 with given actions, check the rewards, then time it.

    python bench_carracing.py DRIVES.json --repeat 5

DRIVES.json holds [{"seed", "actions", "rewards"}, ...], the latter as base64 of
little-endian float64, three and one a step. Prints one JSON object a case:
"96", "64" (OpenCV's area interpolation, as the paper's agents see it), "none"
(the environment without its drawing: its _render does nothing), "reset" (with
the drawing of the first observation) and "reset none".
Seconds are processor time: one process, one thread, an environment to a core, as
its users run it.
"""
import argparse
import base64
import json
import statistics
import sys
import time

import gymnasium
import numpy as np


def read(path):
    floats = lambda s: np.frombuffer(base64.b64decode(s), "<f8")
    with open(path) as f:
        return [(d["seed"], floats(d["actions"]).reshape(-1, 3), floats(d["rewards"])) for d in json.load(f)]


def check(env, drives):
    """Exits unless every reward is the given one."""
    for seed, actions, rewards in drives:
        env.reset(seed=seed)
        got = np.array([env.step(a)[1] for a in actions])
        if n := int((got != rewards).sum()):
            sys.exit(f"seed {seed}: {n} of {len(rewards)} rewards differ, the first at step {int((got != rewards).argmax()) + 1}")


def timed(env, drives):
    """Seconds of all steps, and of all resets."""
    steps = resets = 0.0
    for seed, actions, _ in drives:
        t0 = time.process_time()
        env.reset(seed=seed)
        t1 = time.process_time()
        for a in actions:
            env.step(a)
        steps, resets = steps + time.process_time() - t1, resets + t1 - t0
    return steps, resets


def cases():
    make = lambda: gymnasium.make("CarRacing-v3")
    yield "96", make()
    yield "64", gymnasium.wrappers.ResizeObservation(make(), (64, 64))
    bare = make().unwrapped
    bare._render = lambda mode: None
    yield "none", bare


if __name__ == "__main__":
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("drives")
    p.add_argument("--repeat", type=int, default=5)
    a = p.parse_args()
    drives = read(a.drives)
    count = sum(len(actions) for _, actions, _ in drives)
    for name, env in cases():
        check(env, drives)
        times = [timed(env, drives) for _ in range(a.repeat)]
        steps, resets = (statistics.median(t[i] for t in times) for i in (0, 1))
        say = lambda case, n, seconds: print(json.dumps({"case": case, "count": n, "seconds": seconds, "version": gymnasium.__version__}), flush=True)
        say(name, count, steps)
        if name != "64":
            say("reset" + (" none" if name == "none" else ""), len(drives), resets)
