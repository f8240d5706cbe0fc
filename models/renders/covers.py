"""Glasses and fringes painted over training portraits: what covers skin must not read as an expression."""

from __future__ import annotations

import cv2
import numpy as np

GLASSES, FRINGE = 0.15, 0.12  # shares of the pictures
EYES = ((33, 133), (362, 263))  # corners of the right and the left eye from the picture's left
TEMPLES = (127, 356)
SUBPIXEL = 4  # binary digits of drawn coordinates


def covered(picture: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """(H, W, 3) uint8: the portrait, at times with glasses, a fringe, or both.

    Args:
        picture: (H, W, 3) uint8.
        points: (478, 2 or 3) its landmarks, pixels.
    """
    if rng.random() < FRINGE:
        picture = with_fringe(picture, points[:, :2], rng)
    if rng.random() < GLASSES:
        picture = with_glasses(picture, points[:, :2], rng)
    return picture


def with_glasses(picture: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The portrait (H, W, 3) with a frame around the eyes of landmarks (478, 2): thin or thick, round or square."""
    middles = np.array([points[list(corners)].mean(axis=0) for corners in EYES])
    apart = middles[1] - middles[0]
    across = apart / np.linalg.norm(apart)
    down = np.array([-across[1], across[0]])
    size = np.linalg.norm(apart)
    centres = middles + rng.uniform(0.0, 0.1) * size * down
    width, height = rng.uniform(0.36, 0.46) * size, rng.uniform(0.24, 0.36) * size
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    # a superellipse: 2 is round, large is square
    power = 2.0 / rng.uniform(2.0, 6.0)
    ring = np.stack([np.sign(f(angle)) * np.abs(f(angle)) ** power for f in (np.cos, np.sin)], axis=1)
    outlines = [c + width * ring[:, :1] * across + height * ring[:, 1:] * down for c in centres]
    bridge = np.stack([centres[0] + width * across, centres[1] - width * across]) - 0.3 * height * down
    arms = [
        np.stack([centre + side * width * across - 0.4 * height * down, points[temple]])
        for centre, side, temple in zip(centres, (-1, 1), TEMPLES)
    ]
    thick = max(1, round(rng.uniform(0.015, 0.07) * size))
    frame, lenses = np.zeros((2, *picture.shape[:2]), np.uint8)
    _draw(frame, outlines, True, thick)
    _draw(frame, [bridge, *arms], False, thick)
    cv2.fillPoly(lenses, [_fixed(outline) for outline in outlines], 255, cv2.LINE_AA, SUBPIXEL)
    colour = rng.uniform(0, 255, 3) * rng.choice([0.15, 0.3, 0.8]) * (1 - 0.6 * rng.random())
    tint, shine = rng.uniform(0, 0.2) * (rng.random() < 0.5), rng.uniform(0, 0.25) * (rng.random() < 0.4)
    image = picture.astype(np.float32)
    share = lenses[..., None] / np.float32(255.0)
    image = image * (1 - tint * share)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    slanted = (columns - centres[0, 0]) * across[0] + (rows - centres[0, 1]) * rng.uniform(0.3, 1.2)
    image = image + shine * 255.0 * share * np.clip(np.sin(slanted / (0.4 * size) + rng.uniform(0, 6)), 0, 1)[..., None]
    share = frame[..., None] / np.float32(255.0) * rng.uniform(0.6, 1.0)
    return (image + share * (colour - image)).clip(0, 255).astype(np.uint8)


def with_fringe(picture: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The portrait (H, W, 3) with hair hanging over a part of the forehead of landmarks (478, 2)."""
    middles = np.array([points[list(corners)].mean(axis=0) for corners in EYES])
    apart = middles[1] - middles[0]
    size = np.linalg.norm(apart)
    rows, columns = np.mgrid[: picture.shape[0], : picture.shape[1]]
    away = np.stack([columns, rows], axis=-1) + 0.5 - middles.mean(axis=0)
    across, up = away @ apart / size**2, away @ [apart[1], -apart[0]] / size**2
    # eye distances above the eyes: from the brows to the hairline
    edge = rng.uniform(0.3, 0.9) + rng.normal(0, 0.15) * across + rng.uniform(0, 0.25) * across**2
    strands = np.interp(across + 0.15 * up, np.linspace(-2, 2, 120), rng.normal(0, 1, 120))
    cover = np.clip((up - edge - rng.uniform(0.02, 0.1) * strands) / 0.04, 0, 1) * (np.abs(across) < 1.05) * (up < 1.6)
    hair = np.array([70.0, 50.0, 38.0]) * np.exp(rng.normal(0, 0.6)) * np.exp(rng.normal(0, 0.1, 3))
    shade = 1.0 + rng.uniform(0.05, 0.25) * strands + 0.15 * rng.normal(0, 1, strands.shape)
    share = (cover * rng.uniform(0.75, 1.0))[..., None]
    image = picture + share * (hair * shade[..., None] - picture)
    return image.clip(0, 255).astype(np.uint8)


def _fixed(line: np.ndarray) -> np.ndarray:
    """Points (n, 2), pixel centres at one half, as cv2 draws them with ``SUBPIXEL`` digits."""
    return np.rint((line - 0.5) * 2**SUBPIXEL).astype(np.int32)


def _draw(mask: np.ndarray, lines: list[np.ndarray], closed: bool, thick: int) -> None:
    cv2.polylines(mask, [_fixed(line) for line in lines], closed, 255, thick, cv2.LINE_AA, SUBPIXEL)
