"""Hair for the export: a mesh that follows with weights and shape keys, and lash plates with a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ...core.image.colour import linear_to_srgb_bytes
from ...core.output.strand_mesh import StrandMesh, strips, tubes
from .part_arrays import PartArrays

# times the hairs' colour, of strips and of tubes: light goes through hair, but not through a mesh; by eye
LIGHTER_STRIPS, LIGHTER_TUBES = 2.3, 1.6
CENTRE = (0.5, 0.5, 0.62)  # of the head's box, from which hair faces away
BRIGHT = 95.0  # percentile of the hairs' colour that the picture has; the vertex colours darken it
STRIP_SIZE, STRIP_HAIRS = (256, 128), 12  # of the picture of a strip: rows, columns; hairs on it
LASH_SIZE = (256, 512)  # of the picture of lash plates: rows, columns; the upper lid's above
LASHES = 64  # hairs across the plate of a lid
LASH_COLOUR = (0.018, 0.012, 0.01)  # linear, as the material of the plates


def hair_part(strands, head: PartArrays, tinted: bool) -> tuple[PartArrays, np.ndarray]:
    """Mesh of strands from :meth:`StandIn.moved_strands`, and its picture (h, w, 3) uint8 sRGB.

    Args:
        head: exported head, whose skin the strands follow.
        tinted: the picture has the brightest colour, and vertex colours darken it; else it has the usual one, and the
            vertex colours are the hairs' own.
    """
    points, radii, colours, moved, total = strands
    outward = _outward(points, head)
    nearest = cKDTree(head.vertices).query(points[:, 0], 4)
    share = 1.0 / np.maximum(nearest[0], 1e-7)
    share /= share.sum(1, keepdims=True)
    if total > len(points):
        mesh = strips(points, radii, outward, total / len(points))
        normals = outward.reshape(-1, 3)[mesh.point]
        hairs = strip_hairs()
    else:
        hairs = None
        mesh, normals = tubes(points, radii), None
    colours = np.clip((LIGHTER_TUBES if hairs is None else LIGHTER_STRIPS) * colours, 0.0, 1.0)
    shown = np.percentile(colours, BRIGHT if tinted else 50.0, axis=0)
    of_strand = mesh.point // points.shape[1]
    tint = np.clip(colours / np.maximum(shown, 1e-4), 0.0, 1.0) if tinted else colours
    picture = _hair_picture(shown.astype(np.float32), hairs)
    part = _part(mesh, of_strand, head, nearest[1], share, moved, tint[of_strand])
    return replace(part, normals=normals), picture


def _hair_picture(colour: np.ndarray, hairs: tuple[np.ndarray, np.ndarray] | None) -> np.ndarray:
    """Pixels of hair of a linear colour (3,): even, or with the shade and the alpha of single hairs (h, w)."""
    if hairs is None:
        return np.broadcast_to(linear_to_srgb_bytes(colour[None, None]), (16, 16, 3)).copy()
    shade, alpha = hairs
    shaded = linear_to_srgb_bytes(np.clip(shade[..., None] * colour, 0.0, 1.0).astype(np.float32))
    return np.dstack([shaded, np.rint(255 * alpha).astype(np.uint8)])


def strip_hairs() -> tuple[np.ndarray, np.ndarray]:
    """(h, w) factor of the colour and (h, w) alpha of single hairs along a strip, the root in the last row."""
    rows, columns = STRIP_SIZE
    rng = np.random.default_rng(0)
    along = (1.0 - (np.arange(rows) + 0.5) / rows)[:, None, None]
    across = ((np.arange(columns) + 0.5) / columns)[None, :, None]
    place = 0.06 + 0.88 * (np.arange(STRIP_HAIRS) + rng.uniform(0.0, 1.0, STRIP_HAIRS)) / STRIP_HAIRS
    drift, bend = rng.normal(0.0, 0.05, (2, STRIP_HAIRS))
    length, width = rng.uniform(0.7, 1.0, STRIP_HAIRS), rng.uniform(0.5, 1.1, STRIP_HAIRS) * 0.55 / STRIP_HAIRS
    middle = place + drift * along + bend * along**2
    thin = width * np.clip(1.3 * (1.0 - along / length), 0.0, 1.0) ** 0.5
    cover = np.clip((thin - np.abs(across - middle)) * columns + 0.5, 0.0, 1.0) * (thin > 0)
    nearest = np.abs(across - middle).argmin(2)
    return rng.uniform(0.7, 1.25, STRIP_HAIRS)[nearest], cover.max(2)


def _outward(points: np.ndarray, head: PartArrays) -> np.ndarray:
    """(n, k, 3) unit vectors from the middle of the head, where hair that lies on it faces."""
    low, high = head.vertices.min(0), head.vertices.max(0)
    away = points - (low + (high - low) * CENTRE)
    away[..., 2] *= 0.5 + 0.5 * (away[..., 2:3] > 0)[..., 0]  # hair that hangs faces sideways
    return away / np.maximum(np.linalg.norm(away, axis=-1, keepdims=True), 1e-9)


def _part(mesh: StrandMesh, of_strand, head: PartArrays, nearest, share, moved, tint) -> PartArrays:
    weights = {bone: (column[nearest] * share).sum(1)[of_strand] for bone, column in head.weights.items()}
    return PartArrays(
        mesh.vertices,
        {name: mesh.carried(delta).astype(np.float32) for name, delta in moved.items()},
        mesh.faces,
        mesh.uv,
        weights,
        np.zeros(len(mesh.faces), np.int32),
        np.column_stack([tint, np.ones(len(tint))]).astype(np.float32),
    )


def lash_plates(part: PartArrays, coordinates: np.ndarray) -> PartArrays:
    """The plates of the lashes with UVs along the lid and towards the tip: upper lid in the upper half.

    Args:
        coordinates: (n, 3) what ``materials.mouth.store_lash_coordinates`` stored on them.
    """
    angle, height, size = coordinates.T
    span = max(float(np.ptp(angle)), 1e-6)
    upper = size > size.mean() if np.ptp(size) > 0 else np.ones(len(size), bool)
    v = np.where(upper, 0.51, 0.01) + 0.48 * np.clip(height, 0.0, 1.0)
    uv = np.column_stack([(angle - angle.min()) / span, v])
    return replace(part, uv=uv[part.faces].astype(np.float32))


def lash_picture() -> np.ndarray:
    """(h, w, 4) uint8 sRGB and alpha: single hairs from the root (below) to the tip, of both lids."""
    rows, columns = LASH_SIZE
    rng = np.random.default_rng(0)
    alpha = np.zeros(LASH_SIZE, np.float32)
    across = (np.arange(columns) + 0.5) / columns
    half = rows // 2
    for lid, longest in ((0, 1.0), (1, 0.6)):  # row 0 is v = 1: the upper lid
        height = 1.0 - (np.arange(half) + 0.5) / half
        place = (np.arange(LASHES) + rng.uniform(0.2, 0.8, LASHES)) / LASHES
        length, lean = longest * rng.uniform(0.65, 1.0, LASHES), rng.normal(0.0, 0.012, LASHES)
        centre = place[None] + (lean + 0.05 * (place - 0.5))[None] * height[:, None] ** 2
        width = 0.0036 * np.clip(1.0 - height[:, None] / length[None], 0.0, 1.0) ** 0.7
        distance = np.abs(across[None, :, None] - centre[:, None])
        cover = np.clip((width[:, None] - distance) * columns + 0.5, 0.0, 1.0) * (width[:, None] > 0)
        alpha[lid * half : (lid + 1) * half] = cover.max(2)
    colour = linear_to_srgb_bytes(np.array(LASH_COLOUR, np.float32)[None, None])
    return np.dstack([np.broadcast_to(colour, LASH_SIZE + (3,)), np.rint(255 * alpha).astype(np.uint8)])
