"""Blending a bake as a game engine does it: from the files alone, in the two forms that ``bake.json`` describes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BakeError
from ..head.normal_map import decode_normals, normals_to_slopes, resized, slopes_to_normals
from ..io import png16

SCHEMA = 2
MAX_JSON = 1 << 20
CHANNELS = "RGBA"


def blend_bake(directory: Path, weights: Mapping[str, float]) -> np.ndarray:
    """Displacement or normals of a bake at shape key weights, by FaceScape's Eq. 6.

    D = (1 - sum_i M_i) D_neutral + sum_i M_i D_i with M_i = sum_j weight_j mask_j. Normals are blended as slopes.

    Args:
        directory: what :func:`~.bake.bake` wrote.
        weights: ARKit name to weight; names that are absent stand for 0.

    Returns:
        (S, S) float32 mm, or (S, S, 3) float32 unit tangent-space normals of a bake of normals.

    Raises:
        BakeError: the bake is missing, damaged or of a newer version.
    """
    return _checked(Path(directory), lambda files: files.blend(weights))


def blend_compact(directory: Path, weights: Mapping[str, float]) -> np.ndarray:
    """(S, S) float32 mm of the compact form at ARKit weights: static + limited sums of signed tension times the maps.

    Raises:
        BakeError: the bake is missing, damaged or of a newer version.
    """
    return _checked(Path(directory), lambda files: files.blend_compact(weights))


def _checked(directory: Path, action: Callable[[_BakeFiles], np.ndarray]) -> np.ndarray:
    try:
        return action(_BakeFiles(directory))
    except FileNotFoundError as error:
        raise BakeError(f"The bake in {directory} has no {Path(error.filename).name}: bake again.") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BakeError(f"The bake in {directory} is damaged ({error}): bake again.") from None


class _BakeFiles:
    """A bake's folder: its description, and images read when they are needed."""

    def __init__(self, directory: Path):
        self.directory = directory
        with open(directory / "bake.json", encoding="utf-8") as stream:
            self.described: dict[str, Any] = json.loads(stream.read(MAX_JSON))
        if self.described["schema"] != SCHEMA:
            raise ValueError(f"version {self.described['schema']}, this Furrow reads {SCHEMA}")
        self.size = int(self.described["size"])

    def image(self, name: str, depth: int, channels: int) -> np.ndarray:
        """Pixels of one PNG of this folder."""
        if Path(name).name != name:
            raise ValueError(f"{name} lies outside the folder")
        return png16.decode_png((self.directory / name).read_bytes(), depth, channels)

    def blend(self, weights: Mapping[str, float]) -> np.ndarray:
        expressions = self.described["expressions"]
        neutral = self.values(expressions[self.described["neutral"]]["map"])
        blended = neutral.copy()
        for parts in expressions.values():
            mask = self.activation(parts["masks"], weights)
            if mask is not None:
                blended += mask.reshape(mask.shape + (1,) * (neutral.ndim - 2)) * (self.values(parts["map"]) - neutral)
        return blended if neutral.ndim == 2 else slopes_to_normals(blended)

    def values(self, name: str) -> np.ndarray:
        """What is blended of one map: (S, S) mm, or (S, S, 2) slopes."""
        if self.described["kind"] == "displacement":
            return png16.from_uint16(self.image(name, 16, 1), float(self.described["displacement_scale_mm"]))
        return normals_to_slopes(decode_normals(self.image(name, 16, 3)))

    def activation(self, masks: Mapping[str, Mapping[str, str]], weights: Mapping[str, float]) -> np.ndarray | None:
        """(S, S) float32 M of one expression, None where none of its shape keys acts."""
        total = None
        for shape, place in masks.items():
            weight = float(weights.get(shape, 0.0))
            if weight != 0.0:
                mask = self.image(place["file"], 8, 4)[..., CHANNELS.index(place["channel"])]
                total = (0.0 if total is None else total) + np.float32(weight / 255.0) * mask
        return None if total is None else resized(total, self.size)

    def signed(self, described: Mapping[str, Any]) -> np.ndarray:
        """(S, S, 3) float32 of an image of signed steps around 128."""
        return (self.image(described["file"], 8, 3).astype(np.float32) - 128.0) * (float(described["scale"]) / 127.0)

    def blend_compact(self, weights: Mapping[str, float]) -> np.ndarray:
        compact = self.described["compact"]
        maps = png16.from_uint16(self.image(compact["map"], 16, 4), float(compact["detail_scale_mm"]))
        acting = {shape: float(weights[shape]) for shape in compact["tension"] if weights.get(shape, 0.0)}
        if not acting:
            return maps[..., 0]
        total: np.ndarray | np.float32 = np.float32(0.0)
        for shape, weight in acting.items():
            described = compact["tension"][shape]
            total = total + weight * self.signed(described)
            if "bend" in described:
                total = total + weight * (1.0 - weight) * self.signed(described["bend"])
        strain = resized(np.clip(total, 0.0, 1.0).astype(np.float32), self.size)
        return maps[..., 0] + np.einsum("yxk,yxk->yx", strain, maps[..., 1:])
