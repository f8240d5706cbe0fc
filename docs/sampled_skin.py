"""Skin, brows and cropped hair for heads drawn from the population, which have no photo to take them from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from furrow.core.head.model import HeadModel
from furrow.core.head.raster import Raster, uv_raster

BROW_HAIRS = 420  # a side
BROW_HAIR_MM = 7.5
GREY = np.array([172.0, 170.0, 166.0])
LINEAR = 2.2  # of sRGB, near enough for paint


@dataclass(frozen=True)
class Complexion:
    """sRGB 0 to 255 of skin, lips, hair and iris; ``beard`` is the darkness of a shaven beard, 0 to 1."""

    skin: tuple[int, int, int]
    lips: tuple[int, int, int]
    hair: tuple[int, int, int]
    iris: tuple[int, int, int]
    beard: float = 0.0


def painted_skin(model: HeadModel, size: int, complexion: Complexion, years: float, seed: int) -> np.ndarray:
    """(size, size, 3) uint8 sRGB albedo of one person at an age in years; row 0 is v = 1."""
    rng = np.random.default_rng(seed)
    raster = uv_raster(model.topology, size)
    texel = _texel_mm(raster, model.mean)
    skin, lips, hair = (np.array(c, float) / 255.0 for c in (complexion.skin, complexion.lips, complexion.hair))
    hair = hair + (GREY / 255.0 - hair) * np.clip((years - 42.0) / 40.0, 0.0, 0.85)

    def region(*names: str, soft: float = 2.0) -> np.ndarray:
        mask = np.max([model.topology.region(name) for name in names], axis=0)
        return cv2.GaussianBlur(raster.sample(mask[:, None])[..., 0], (0, 0), soft / texel)[..., None]

    def noise(length: float) -> np.ndarray:
        field = cv2.GaussianBlur(rng.standard_normal((size, size)).astype(np.float32), (0, 0), length / texel)
        return (field / field.std())[..., None]

    log = np.log(skin**LINEAR) * np.ones((size, size, 1))
    red, dark = np.array([0.02, -0.13, -0.10]), np.array([-0.16, -0.22, -0.2])
    log += red * (0.6 * region("nose", soft=4) + 0.5 * region("cheek", soft=8) + 0.8 * region("ear", soft=3))
    log += dark * (0.8 * region("under_eye", soft=3) + 0.5 * region("upper_lid", soft=2) + 0.25 * region("neck"))
    log += 0.035 * noise(6.0) * red / 0.13 + 0.03 * noise(1.2) + 0.022 * noise(0.45)
    spots = np.clip(noise(1.1) - 3.0 + 0.7 * np.clip((years - 40.0) / 40.0, 0.0, 1.0), 0.0, 1.0)
    log += np.array([-0.25, -0.5, -0.6]) * spots
    if complexion.beard:
        stubble = region("chin", "jaw", "perioral", "upper_lip", soft=6) * (1.0 - region("lips", soft=1.5))
        log -= complexion.beard * stubble * (np.array([0.32, 0.24, 0.18]) + 0.12 * noise(0.3))
    red_of_lips = region("lips", soft=1.2)
    log += red_of_lips * (np.log(lips**LINEAR) + 0.05 * noise(0.8) - log)
    cropped = _scalp(raster, model, texel, noise, years)
    log += cropped * (np.log(np.maximum(hair, 0.02) ** LINEAR) + 0.16 * noise(0.35) - log)
    brows = 0.85 * _brow_hairs(raster, model, size, texel, rng)
    log += brows * (np.log(np.maximum(hair * 0.8, 0.02) ** LINEAR) - log)
    return np.clip(np.round(255.0 * np.exp(log / LINEAR)), 0, 255).astype(np.uint8)


def _texel_mm(raster: Raster, mean: np.ndarray) -> float:
    """Width of a texel on the face."""
    place = raster.sample(mean)
    steps = np.linalg.norm(np.diff(place, axis=1), axis=-1)
    both = raster.covered[:, 1:] & raster.covered[:, :-1] & (place[:, 1:, 2] > place[..., 2].max() - 60.0)
    return float(np.median(steps[both]))


def _scalp(raster: Raster, model: HeadModel, texel: float, noise, years: float) -> np.ndarray:
    """(S, S, 1) cropped hair: the scalp behind a hairline that wanders a little, down to the ears' lobes."""
    height = raster.sample(model.mean)[..., 1:2]
    ear = model.mean[model.topology.region("ear") > 0.5][:, 1]
    above = np.clip((height - ear.min()) / 15.0, 0.0, 1.0)
    hairline = np.interp(years, (30.0, 80.0), (0.55, 0.8))
    mask = cv2.GaussianBlur(raster.sample(model.topology.region("scalp")[:, None])[..., 0], (0, 0), 2.5 / texel)
    return 0.8 * above * np.clip((mask[..., None] + 0.04 * noise(2.0) + 0.03 * noise(0.5) - hairline) / 0.3, 0.0, 1.0)


def _brow_hairs(raster: Raster, model: HeadModel, size: int, texel: float, rng: np.random.Generator) -> np.ndarray:
    """(S, S, 1) in [0, 1] opacity of the brows' hairs: upright at the inner end, lying flat further out."""
    fine = 2
    canvas = np.zeros((fine * size, fine * size), np.float32)
    density = raster.sample(model.topology.region("brow")[:, None])[..., 0]
    place = raster.sample(model.mean)
    for side in (1.0, -1.0):
        rows, columns = np.nonzero((density > 0.35) & (side * place[..., 0] > 0.0))
        chosen = rng.choice(len(rows), BROW_HAIRS, p=density[rows, columns] ** 2 / (density[rows, columns] ** 2).sum())
        across = side * place[rows[chosen], columns[chosen], 0]
        out = (across - across.min()) / np.ptp(across)
        angle = np.radians(65.0 - 85.0 * out**0.7 + rng.normal(0.0, 9.0, BROW_HAIRS))
        length = BROW_HAIR_MM / texel * rng.uniform(0.6, 1.1, BROW_HAIRS) * (1.0 - 0.3 * out)
        start = fine * np.stack([columns[chosen], rows[chosen]], axis=-1)
        end = start + fine * length[:, None] * np.stack([side * np.cos(angle), -np.sin(angle)], axis=-1)
        for a, b in zip(np.round(16 * start).astype(int), np.round(16 * end).astype(int)):
            cv2.line(canvas, tuple(map(int, a)), tuple(map(int, b)), float(rng.uniform(0.5, 1.0)), 1, cv2.LINE_8, 4)
    hairs = cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA)
    shade = cv2.GaussianBlur(hairs, (0, 0), 0.9 / texel)
    return np.clip(0.75 * hairs + 0.6 * shade, 0.0, 1.0)[..., None]
