"""Fine skin: tiles of pores and micro-relief, and which region of the face wears which.

The four tiles (nose, cheek, forehead, lips) are mixed by :func:`region_weights` and fade where wrinkles crease, times
1 - ``CREASE_FADE`` * compression: skin that folds is pressed smooth.
"""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np

from .errors import AssetsError
from .head_model import HeadTopology
from .normal_map import encode_normals, slopes_to_normals
from .raster import sample_smooth

TILE_MM = 24.0  # width of a tile on the skin
TILE_SIZE = 512
TILE_NAMES = ("nose", "cheek", "forehead", "lips")
TILES_FILE = "fine_skin.npz"
STEP_MM = 1e-5  # of the stored heights
CREASE_FADE = 0.6
# what wears the nose's, the forehead's and the lips' skin; all other skin wears the cheek's
WEARS = {
    "nose": {"nose": 1.0, "nostril": 1.0},
    "forehead": {"forehead": 1.0, "temple": 0.7, "glabella": 0.8, "brow": 0.7, "crows_feet": 0.5, "upper_lid": 0.7,
                 "lower_lid": 0.6, "neck": 0.6},
    "lips": {"lips": 1.0},
}
BARE = ("eye_socket_inner", "mouth_inner")  # wet, without any


def save_tiles(heights: np.ndarray, path: Path) -> None:
    """Write tiles (4, S, S) mm as 16-bit steps: aside first, then renamed."""
    steps = np.clip(np.rint(heights / STEP_MM), -32768, 32767).astype(np.int16)
    aside = path.with_name(path.name + ".part")
    with open(aside, "wb") as stream:
        np.savez_compressed(stream, heights=steps, tile_mm=np.float64(TILE_MM))
    aside.replace(path)


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


def normal_map(height: np.ndarray, mm_per_tile: float = TILE_MM, depth: int = 8) -> np.ndarray:
    """(S, S, 3) uint8 or uint16 tangent-space normals of a tile (S, S) mm, OpenGL convention (green rises upwards)."""
    texel = mm_per_tile / len(height)
    right = (np.roll(height, -1, 1) - np.roll(height, 1, 1)) / (2 * texel)
    up = (np.roll(height, 1, 0) - np.roll(height, -1, 0)) / (2 * texel)
    return encode_normals(slopes_to_normals(np.stack([right, up], axis=-1)), depth)


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


def tile_repeats(topology: HeadTopology, vertices: np.ndarray) -> float:
    """How often a tile fits into one unit of UV on the face of vertices (V, 3) mm: by the root of the areas' ratio."""
    quads, uv = topology.part_faces("head"), topology.uv[topology.face_part == 0].astype(float)
    on_face = quads
    if "face" in topology.region_names:
        on_face = topology.region("face")[quads].min(1) > 0.5
        quads, uv = quads[on_face], uv[on_face]

    def area(corners: np.ndarray) -> float:
        first, second = corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]
        return float(np.linalg.norm(np.cross(first, second).reshape(len(corners), -1), axis=1).sum())

    return float(np.sqrt(area(vertices[quads].astype(float)) / max(area(uv), 1e-12)) / TILE_MM)
