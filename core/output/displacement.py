"""The displaced head: a posed cage subdivided, with the detail maps along its normals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import map_coordinates

from ..character.character import Character
from ..head.model import HeadTopology
from ..head.tension import tension
from ..mesh.operators import quads_to_triangles, vertex_normals
from ..mesh.subdivision import Subdivision, subdivide

_cache: dict[tuple[int, int], tuple[HeadTopology, Subdivision]] = {}


@dataclass(frozen=True)
class DisplacedHead:
    """The head part after subdivision.

    Attributes:
        smooth: (n, 3) mm before the displacement.
        detailed: (n, 3) mm after it.
        amount: (n,) mm displacement along the normal.
        faces: (f, 4) int32 quads.
    """

    smooth: np.ndarray
    detailed: np.ndarray
    amount: np.ndarray
    faces: np.ndarray


def head_subdivision(topology: HeadTopology, levels: int) -> Subdivision:
    """Subdivision of the head part, kept for the last few topologies and levels asked for."""
    key = (id(topology), levels)
    if key not in _cache or _cache[key][0] is not topology:
        if len(_cache) >= 4:
            _cache.clear()
        head = topology.part_slice("head")
        faces = topology.part_faces("head") - head.start
        uv = topology.uv[topology.face_part == 0]
        _cache[key] = (topology, subdivide(faces, head.stop - head.start, levels, uv))
    return _cache[key][1]


def displaced_head(
    character: Character,
    expression: np.ndarray,
    levels: int = 3,
    static_strength: float = 1.0,
    dynamic_strength: float = 1.0,
) -> DisplacedHead:
    """The head part at expression weights (52,), in head coordinates.

    D = static_strength * static + dynamic_strength * (compression_1 * compressed_1 + compression_2 * compressed_2
    + stretch * stretched), the three factors being the tension of the posed cage against the neutral one.
    """
    topology = character.topology
    head = topology.part_slice("head")
    posed = character.posed(expression)
    division = head_subdivision(topology, levels)
    smooth = division(posed[head].astype(float))
    strains = np.clip(division(tension(topology, character.neutral, posed).stack().astype(float)), 0.0, 1.0)
    maps = sample_maps(character.detail.stack(), division, len(smooth))
    amount = static_strength * maps[:, 0] + dynamic_strength * (strains * maps[:, 1:]).sum(axis=1)
    normals = vertex_normals(smooth, quads_to_triangles(division.faces))
    return DisplacedHead(smooth, smooth + amount[:, None] * normals, amount, division.faces)


def sample_maps(maps: np.ndarray, division: Subdivision, vertex_count: int) -> np.ndarray:
    """(n, c) bilinear samples of maps (S, S, c), row 0 at v = 1, at vertices; the mean over a seam's two sides."""
    if division.uv is None:
        raise ValueError("a subdivision without UVs has no place in a map")
    size = maps.shape[0]
    uv = division.uv.reshape(-1, 2).astype(float)
    at = np.stack([(1.0 - uv[:, 1]) * size - 0.5, uv[:, 0] * size - 0.5])
    corner = division.faces.ravel()
    count = np.maximum(np.bincount(corner, minlength=vertex_count), 1)
    channels = [
        np.bincount(corner, map_coordinates(maps[:, :, c], at, order=1, mode="nearest"), minlength=vertex_count) / count
        for c in range(maps.shape[2])
    ]
    return np.stack(channels, axis=-1)
