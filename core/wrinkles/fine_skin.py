"""Fine skin: tiles of pores and micro-relief, and which region of the face wears which.

The four tiles (nose, cheek, forehead, lips) are mixed by :func:`region_weights` and fade where wrinkles crease, times
1 - ``CREASE_FADE`` * compression: skin that folds is pressed smooth. Where skin is pulled longer its pores lengthen:
the relief turns by ``STRETCH_SHARE`` * stretch into one that is ``1 / ELONGATION`` as long along the pull, across the
chart or up it as :func:`stretch_direction` says, and ``STRETCH_FADE`` flatter.
"""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..errors import AssetsError
from ..head.model import HeadTopology
from ..head.raster import sample_smooth
from ..io.safe_files import written_aside
from ..mesh.operators import edge_to_point

TILE_MM = 24.0  # width of a tile on the skin
TILE_SIZE = 512
TILE_NAMES = ("nose", "cheek", "forehead", "lips")
TILES_FILE = "fine_skin.npz"
STEP_MM = 1e-5  # of the stored heights
# shares of what the docstring says, by eye
CREASE_FADE = 0.6
STRETCH_SHARE = 0.85
STRETCH_FADE = 0.3
ELONGATION = 0.55
# what wears the nose's, the forehead's and the lips' skin; all other skin wears the cheek's
WEARS = {
    "nose": {"nose": 1.0, "nostril": 1.0},
    "forehead": {"forehead": 1.0, "temple": 0.7, "glabella": 0.8, "brow": 0.7, "crows_feet": 0.5, "upper_lid": 0.7,
                 "lower_lid": 0.6, "neck": 0.6},
    "lips": {"lips": 1.0},
}
BARE = ("eye_socket_inner", "mouth_inner")  # wet, without any
# regions that have a strength of their own, and what goes with them; lips stay as they are, all other skin goes with
# the cheek
PORE_REGIONS = ("forehead", "nose", "cheek", "chin")
GOES_WITH = {
    "forehead": ("forehead", "temple", "glabella", "brow", "crows_feet", "upper_lid"),
    "nose": ("nose", "nostril"),
    "chin": ("chin", "lower_lip", "upper_lip"),
}
GAIN_RANGE = (0.0, 4.0)  # times the tiles, that an artist may set
YOUNG, OLD = 0.8, 1.3  # gain at 20 and at 85 years; by eye


def save_tiles(heights: np.ndarray, path: Path) -> None:
    """Write tiles (4, S, S) mm as 16-bit steps: aside first, then renamed."""
    steps = np.clip(np.rint(heights / STEP_MM), -32768, 32767).astype(np.int16)
    with written_aside(path) as aside, open(aside, "wb") as stream:
        np.savez_compressed(stream, heights=steps, tile_mm=np.float64(TILE_MM))


@lru_cache(maxsize=2)
def load_tiles(path: Path) -> np.ndarray:
    """(4, S, S) float32 mm heights in the order of ``TILE_NAMES``, each ``TILE_MM`` wide; opposite edges continue.

    Raises:
        AssetsError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            steps, width = stored["heights"], float(stored["tile_mm"])
        if steps.dtype != np.int16 or steps.ndim != 3 or len(steps) != len(TILE_NAMES) or width != TILE_MM:
            raise ValueError(f"heights are {steps.dtype} {steps.shape}")
    except FileNotFoundError:
        raise AssetsError(f"The skin tiles {path} are missing: run 'make models' or reinstall.") from None
    except (OSError, KeyError, ValueError, TypeError, zipfile.BadZipFile) as error:
        raise AssetsError(f"The skin tiles {path} are damaged ({error}): run 'make models' or reinstall.") from None
    heights = steps.astype(np.float32) * np.float32(STEP_MM)
    heights.setflags(write=False)
    return heights


def region_weights(topology: HeadTopology, size: int) -> np.ndarray:
    """(S, S, 4) uint8 shares of the tiles in UV space: nose, cheek, forehead, lips in R, G, B, A; row 0 is v = 1.

    They add up to 255 on skin and to nothing inside mouth and eye sockets.
    """
    def union(regions: dict[str, float]) -> np.ndarray:
        found = [gain * topology.region(name) for name, gain in regions.items() if name in topology.region_names]
        return np.max(found, axis=0) if found else np.zeros(topology.vertex_count, np.float32)

    lips = union(WEARS["lips"])
    nose = union(WEARS["nose"]) * (1.0 - lips)
    forehead = union(WEARS["forehead"]) * (1.0 - lips - nose)
    bare = union(dict.fromkeys(BARE, 1.0))
    shares = np.stack([nose, 1.0 - lips - nose - forehead, forehead, lips], axis=-1) * (1.0 - bare)[:, None]
    edges = np.rint(255.0 * np.cumsum(sample_smooth(topology, shares, size), axis=-1))
    return np.clip(np.diff(edges, axis=-1, prepend=0.0), 0, 255).astype(np.uint8)


def usual_gain(age: float) -> float:
    """Gain of the fine skin at an age in [0, 1]: pores widen and furrows deepen."""
    return YOUNG + (OLD - YOUNG) * age


def strengths(topology: HeadTopology, gains: np.ndarray) -> np.ndarray:
    """(V,) factor of the fine skin of gains (4,) on ``PORE_REGIONS``; 1 on the lips."""
    by_name = dict(zip(PORE_REGIONS, np.clip(gains, *GAIN_RANGE), strict=True))
    field = np.full(topology.vertex_count, by_name["cheek"])
    for name, regions in GOES_WITH.items():
        masks = [topology.region(region) for region in regions if region in topology.region_names]
        if masks:
            field += np.max(masks, axis=0) * (by_name[name] - field)
    return field + (topology.region("lips") * (1.0 - field) if "lips" in topology.region_names else 0.0)


def worn_weights(topology: HeadTopology, size: int, gains: np.ndarray | None) -> tuple[np.ndarray, float]:
    """Shares of the tiles times their strength, and the factor that brings the image back to it.

    Args:
        gains: (4,) on ``PORE_REGIONS``; None for 1 everywhere.

    Returns:
        (S, S, 4) uint8 as of :func:`region_weights`; millimetres are height * image / 255 * factor.
    """
    weights = region_weights(topology, size)
    if gains is None:
        return weights, 1.0
    strength = sample_smooth(topology, strengths(topology, gains), size)
    largest = max(float(strength.max()), 1e-3)
    return np.rint(weights * (strength / largest)[..., None]).astype(np.uint8), largest


def tile_repeats(topology: HeadTopology, vertices: np.ndarray) -> float:
    """How often a tile fits into one unit of UV on the face of vertices (V, 3) mm: by the root of the areas' ratio."""
    quads, uv = topology.part_faces("head"), topology.uv[topology.face_part == 0].astype(float)
    if "face" in topology.region_names:
        on_face = topology.region("face")[quads].min(1) > 0.5
        if on_face.any():
            quads, uv = quads[on_face], uv[on_face]

    def area(corners: np.ndarray) -> float:
        first, second = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
        return float(np.linalg.norm(np.cross(first, second).reshape(len(corners), -1), axis=1).sum())

    return float(np.sqrt(area(vertices[quads].astype(float)) / max(area(uv), 1e-12)) / TILE_MM)


def stretch_direction(topology: HeadTopology, neutral: np.ndarray, deltas: np.ndarray, size: int) -> np.ndarray:
    """(S, S) uint8: the share of the pull up the chart (255) rather than across it (0), over all expressions.

    Args:
        topology: mesh and chart.
        neutral: (V, 3) mm.
        deltas: (52, V, 3) mm, shape keys at weight 1.
        size: of the image; row 0 is v = 1.
    """
    head = topology.part_slice("head")
    edges = topology.head_edges
    chart = np.zeros((topology.vertex_count, 2))
    faces = topology.face_part == 0
    chart[topology.faces[faces]] = topology.uv[faces]
    across, up = np.moveaxis((chart[edges[:, 1]] - chart[edges[:, 0]]) ** 2, 1, 0)
    vector = neutral[edges[:, 1]].astype(np.float64) - neutral[edges[:, 0]]
    change = (deltas[:, edges[:, 1]] - deltas[:, edges[:, 0]]).astype(np.float64)
    rest = np.maximum(np.linalg.norm(vector, axis=1), 1e-9)
    pull = np.clip(np.linalg.norm(vector + change, axis=2) / rest - 1.0, 0.0, 1.0).sum(0)
    direction = np.stack([across, up], axis=-1) / np.maximum(across + up, 1e-12)[:, None]
    mean = edge_to_point(edges, head.stop) @ (pull[:, None] * direction)
    share = np.full((topology.vertex_count, 1), 0.5)
    share[head, 0] = (mean[:, 1] + 1e-3) / (mean.sum(1) + 2e-3)
    return np.rint(255.0 * np.clip(sample_smooth(topology, share, size)[..., 0], 0.0, 1.0)).astype(np.uint8)
