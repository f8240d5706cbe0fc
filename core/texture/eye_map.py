"""The picture of an eye from the front: pupil, iris with its fibres and rings, white with its veins.

Drawn from a colour and a seed, the same for every run. It covers the ball as ``core.head.eyeball.front_map`` lays it
out: the border of the picture's inscribed circle is the equator of the ball.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy import ndimage

from ..image.colour import linear_to_srgb_bytes, srgb_to_linear
from ..image.filters import smoothstep
from .eye_colour import RING

SIZE = 1024
# shares of the iris' radius. A pupil of 3.5 mm in one of 11.7 mm: a lit room. The collarette lies a third of the way
# from pupil to limbus (anatomy books: 1.5 mm from a small pupil's edge)
PUPIL, COLLARETTE, RUFF = 0.3, 0.47, 0.025
LIMBUS = (0.78, 1.04)  # where the dark ring begins and where the white does
SOFT = 0.07  # half the width over which iris gives way to white
# log units of brightness; chosen by eye on close-ups at 85 mm
FIBRES, RIDGE, CRYPTS, FURROWS, RING_DEPTH, PUPIL_ZONE = 0.42, 0.3, 0.5, 0.1, 1.35, 0.22
OCTAVES = ((46, 0.5), (97, 0.8), (190, 0.6))  # fibres in a turn, and their share
CRYPT_COUNT, FURROW_PLACES = 22, (0.68, 0.78, 0.87)
PUPIL_LINEAR = 0.002
# linear: white of the eye in front, towards the corners, its veins, and its greyer border to the iris. Reflectances of
# living sclera are .5 to .6; a brighter one stares
WHITE, CORNER, VEIN, BORDER = (
    np.array(c) for c in ((0.56, 0.5, 0.45), (0.5, 0.36, 0.3), (0.36, 0.075, 0.055), (0.4, 0.39, 0.39))
)
VEINS, VEIN_STEPS = 46, 46


def eye_map(colour: np.ndarray, share: float, seed: int, size: int = SIZE) -> np.ndarray:
    """(size, size, 3) uint8 sRGB.

    Args:
        colour: (3,) sRGB in [0, 1] that the iris has between pupil and limbus, as ``eye_colour`` measures it.
        share: radius of the iris over that of the ball.
        seed: of what chance decides.
    """
    rng = np.random.default_rng(seed)
    x, y = (np.mgrid[:size, :size][::-1] + 0.5) / (0.5 * size) - 1.0
    away, turn = np.hypot(x, y), np.arctan2(-y, x)
    inside = 1.0 - smoothstep(away / share, LIMBUS[1] - SOFT, LIMBUS[1] + SOFT)
    picture = _white(x, y, away, share, rng)
    near = away < share * (LIMBUS[1] + SOFT)
    picture[near] += inside[near, None] * (_iris(colour, away[near] / share, turn[near], rng) - picture[near])
    return linear_to_srgb_bytes(picture.astype(np.float32))


def _iris(colour: np.ndarray, place: np.ndarray, turn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n, 3) linear colour at shares (n,) of the radius and angles (n,)."""
    wave = turn + 0.05 * _around(rng, 9, turn, place, 2)  # fibres are not quite straight
    fibres = sum(share * _around(rng, count, wave, place, 3) for count, share in OCTAVES)
    edge = COLLARETTE + 0.03 * _around(rng, 26, turn, np.zeros_like(turn), 1)
    level = FIBRES * fibres * smoothstep(place, PUPIL, PUPIL + 0.1)
    level += PUPIL_ZONE * (1.0 - smoothstep(place, edge - 0.06, edge + 0.06))
    level += RIDGE * np.exp(-0.5 * ((place - edge) / 0.022) ** 2) * (1.0 + 0.6 * _around(rng, 60, turn, place, 2))
    for at in FURROW_PLACES:
        bent = at + 0.012 * _around(rng, 7, turn, np.zeros_like(turn), 1)
        level -= FURROWS * np.exp(-0.5 * ((place - bent) / 0.012) ** 2)
    level -= CRYPTS * _crypts(place, turn, rng)
    ring = smoothstep(place, LIMBUS[0] + 0.03 * _around(rng, 40, turn, place, 1), LIMBUS[1] - 0.12)
    level = level * (1.0 - 0.7 * ring) - RING_DEPTH * ring
    # what lies nearer the pupil is warmer: less of it is hidden by the pale stroma
    warmth = (1.0 - smoothstep(place, edge, edge + 0.22))[:, None] * np.array([0.16, 0.02, -0.14])
    base = np.maximum(srgb_to_linear(np.clip(colour, 0.02, 0.95).astype(np.float32)).astype(np.float64), 1e-3)
    drawn = base * np.exp(level[:, None] + warmth)
    between = (place > RING[0]) & (place < RING[1])
    drawn *= base / np.median(drawn[between], axis=0)
    hole = 1.0 - smoothstep(place, PUPIL - 0.012, PUPIL + 0.012)
    drawn *= 1.0 - 0.75 * np.exp(-0.5 * ((place - PUPIL) / RUFF) ** 2)[:, None]
    return drawn + hole[:, None] * (PUPIL_LINEAR - drawn)


def _around(
    rng: np.random.Generator, count: int, turn: np.ndarray, place: np.ndarray, rows: int
) -> np.ndarray:
    """(n,) smooth noise of standard deviation near 1: ``count`` cells in a turn, ``rows`` from the middle outwards."""
    cells = rng.standard_normal((rows + 1, count))
    at = [np.clip(place, 0.0, 1.1) / 1.1 * rows, (turn / (2.0 * np.pi) % 1.0) * count]
    return 1.4 * ndimage.map_coordinates(cells, at, order=1 if rows < 2 else 2, mode="grid-wrap")


def _crypts(place: np.ndarray, turn: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(n,) in [0, 1]: dark gaps between the fibres, longer outwards than across."""
    result = np.zeros_like(place)
    for _ in range(CRYPT_COUNT):
        at, where = rng.uniform(COLLARETTE, 0.72), rng.uniform(-np.pi, np.pi)
        long, wide = rng.uniform(0.03, 0.07), rng.uniform(0.025, 0.06)
        across = np.angle(np.exp(1j * (turn - where)))
        shape = np.exp(-0.5 * (((place - at) / long) ** 2 + (across / wide) ** 2) ** 1.5)
        np.maximum(result, rng.uniform(0.5, 1.0) * shape, out=result)
    return result


def _white(x: np.ndarray, y: np.ndarray, away: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """(h, w, 3) linear white of the eye, redder towards the corners."""
    size = len(x)
    side = smoothstep(np.abs(x), share + 0.03, 0.8)
    blotches = ndimage.gaussian_filter(rng.standard_normal((64, 64)), 2.0, mode="wrap")
    blotches = cv2.resize(blotches / blotches.std(), (size, size), interpolation=cv2.INTER_CUBIC)
    white = WHITE + (side * np.clip(0.75 + 0.12 * blotches, 0.0, 1.0))[..., None] * (CORNER - WHITE)
    veins = _veins(size, rng) * smoothstep(away, share + 0.04, share + 0.3)
    white += veins[..., None] * (VEIN - white)
    border = np.exp(-(((away - share) / 0.05) ** 2))
    white += (0.6 * border)[..., None] * (BORDER - white)
    return white * (1.0 + 0.012 * blotches)[..., None]


def _veins(size: int, rng: np.random.Generator) -> np.ndarray:
    """(size, size) in [0, 1]: thin crooked lines from the corners inwards, some of them forked."""
    drawn = np.zeros((size, size), np.float32)
    for k in range(VEINS):
        side = 1.0 if k % 2 else -1.0
        start = np.array([side * rng.uniform(0.72, 0.95), rng.normal(0.0, 0.25)])
        _vein(drawn, start, np.pi * (side > 0) + rng.normal(0.0, 0.25), rng.uniform(0.35, 1.0), rng, forks=2)
    return np.clip(cv2.GaussianBlur(drawn, (0, 0), size / 1100.0), 0.0, 1.0)


def _vein(
    drawn: np.ndarray, start: np.ndarray, heading: float, strength: float, rng: np.random.Generator, forks: int
) -> None:
    """Draw one vein from a place (2,), -1 to 1, at an angle into the picture, and others that leave it."""
    size = len(drawn)
    bends = np.cumsum(ndimage.gaussian_filter1d(rng.normal(0.0, 0.5, VEIN_STEPS), 1.2))
    angle = heading + 0.55 * bends - 0.55 * bends.mean()
    step = rng.uniform(0.006, 0.0125)
    path = start + np.cumsum(step * np.column_stack([np.cos(angle), np.sin(angle)]), axis=0)
    pixels = np.rint((path * [1.0, -1.0] + 1.0) * 0.5 * size * 16).astype(np.int32)
    for k in range(VEIN_STEPS - 1):
        faded = strength * (1.0 - k / VEIN_STEPS) ** 0.7
        width = max(1, round(size / 600 * (0.5 + faded)))
        cv2.line(drawn, pixels[k], pixels[k + 1], float(faded), width, cv2.LINE_AA, 4)
    if forks:
        for at in rng.integers(VEIN_STEPS // 6, VEIN_STEPS // 2, forks):
            turned = angle[at] + rng.choice([-1, 1]) * rng.uniform(0.35, 0.8)
            _vein(drawn, path[at], turned, 0.6 * strength, rng, forks - 1)
