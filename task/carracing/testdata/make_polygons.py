#!/usr/bin/env python3
"""Draws polygons and score texts with pygame-ce as CarRacing-v3 does and prints digests for polygons_test.go.

Every random number is the next of numpy.random.default_rng(seed).random().  Made with pygame-ce 2.5.8, NumPy 2.4.6.
"""

import hashlib
import os

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")
import numpy as np
import pygame
from pygame import gfxdraw

W, H = 1000, 800


def corners(rng, n):
    """n corners around a middle; small polygons, large ones, and ones far larger than the picture."""
    size = (3, 8, 30, 200, 1000, 6000)[int(6 * rng.random())]
    x, y = rng.random() * 1400 - 200, rng.random() * 1200 - 200
    return [(x + (rng.random() - 0.5) * size, y + (rng.random() - 0.5) * size) for _ in range(n)]


def level(rng):
    return int(256 * rng.random())


def draw(seed, one):
    rng = np.random.default_rng(seed)
    surface = pygame.Surface((W, H))
    for _ in range(300):
        colour = (level(rng), level(rng), level(rng))
        one(surface, rng, colour)
    return pygame.surfarray.array3d(surface).transpose(1, 0, 2)


def quad(surface, rng, colour):
    points = corners(rng, 4)
    gfxdraw.aapolygon(surface, points, colour)
    gfxdraw.filled_polygon(surface, points, colour)


def shape(surface, rng, colour):
    pygame.draw.polygon(surface, colour, corners(rng, 4 + int(5 * rng.random())))


def digest(pictures):
    h = hashlib.sha256()
    for p in pictures:
        h.update(np.ascontiguousarray(p).tobytes())
    return h.hexdigest()


def scores():
    """The score's box as it lies in the picture, columns 0-124, for texts of one to six characters."""
    pygame.font.init()
    font = pygame.font.Font(pygame.font.get_default_font(), 42)
    for value in range(-999, 10000, 7):
        surface = pygame.Surface((125, 46))
        text = font.render(f"{float(value):04.0f}", True, (255, 255, 255), (0, 0, 0))
        box = text.get_rect()
        box.center = (60, 23)
        surface.blit(text, box)
        yield pygame.surfarray.array3d(surface).transpose(1, 0, 2)


print("quads ", digest(draw(seed, quad) for seed in range(10)))
print("shapes", digest(draw(seed, shape) for seed in range(10)))
print("scores", digest(scores()))
