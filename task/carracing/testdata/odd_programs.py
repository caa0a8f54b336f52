"""Programs with odd actions for make_carracing_golden.py --extra: NaN, infinities, values far out of range."""

import math

import numpy as np


def nan_controls(env):
    return lambda i: (math.nan if i % 40 > 20 else 0.2, 0.4, math.nan if i % 70 > 60 else 0.0)


def infinities(env):
    return lambda i: (math.inf if i % 60 < 30 else -math.inf, math.inf if i % 100 < 50 else -math.inf, -math.inf if i % 50 else math.inf)


def huge(env):
    rs = np.random.RandomState(7)
    return lambda i: (rs.normal(0, 1e6), rs.normal(0, 1e3), rs.normal(-1, 1) if i % 30 else 1e300)


PROGRAMS = {
    100: ("NaN as steering and brake", None, nan_controls),
    101: ("infinities", None, infinities),
    102: ("huge values", None, huge),
}
