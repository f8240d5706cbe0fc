"""Skin the photos do not show: a smooth tone over the mesh, with the detail of the other half or of skin around it.

The slowly varying base is solved on the mesh, so that it has no seam where the chart is cut; whatever is finer is
carried in UV space as a difference from the base.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ..head.model import PARTS, HeadTopology, region_sum
from ..head.raster import SMOOTH_SIZE, sample_smooth, uv_raster
from ..image.filters import masked_blur, smoothstep
from ..mesh.operators import cotangent_laplacian, vertex_areas
from ..view.chart_window import Window
from .grain import grain_tile

BASE_SIZE = 256  # texels at which the seen colours are gathered for the base
DATA_LENGTH = 3.0  # mm over which the base follows what is seen
TONE_LENGTH = 45.0  # mm over which it returns to the person's tone
INNER_LENGTH = 1.5  # mm, where the tone of the region itself rules
LID_SHARE = 0.6  # of the way to that length on lids: the pink inside them is near, and no colour of theirs
SPILL_MM = 2.0  # how far seen lips and brows are continued over what is not seen
HOLES_MM = (20.0, 7.0)  # and the skin and beard around holes
COARSE_CHART = (1.5, 3.0)  # mm of skin for each of the chart: all of the grain is laid on it, none
# log colour relative to the skin's tone; by eye, as the lips'
REGION_TONES = {
    "ear": (0.04, -0.06, -0.05),
    "scalp": (-0.02, 0.0, 0.02),
    "neck": (-0.03, -0.03, -0.04),
}
INNER_TONES = {
    "eye_socket_inner": (0.05, -0.42, -0.34),  # conjunctiva and caruncle, redder than skin
    "nostril": (-0.55, -0.80, -0.80),
}
MUCOSA = np.log([0.42, 0.155, 0.14])  # inside of the mouth, whatever the skin: a darker one is a black hole
LIP_TONE = (-0.10, -0.38, -0.30)


def base_tone(
    topology: HeadTopology, vertices: np.ndarray, albedo: np.ndarray, trust: np.ndarray, tone: np.ndarray
) -> np.ndarray:
    """Smooth log albedo (V_head, 3) that follows what is seen and returns to the tone elsewhere.

    Solves the screened Poisson equation (w / l^2 + 1 / r^2 - Laplacian) c = w seen / l^2 + tone / r^2 on the mesh;
    what only the mirrored side shows counts half, and hidden skin takes nothing of the inside of openings beside it.

    Args:
        vertices: (V, 3) mm, neutral.
        albedo: (S, S, 3) log albedo.
        trust: (S, S) in [0, 1], plain skin only.
        tone: (3,) log albedo of the person's skin.
    """
    head = topology.part_slice("head").stop
    triangles = topology.head_triangles
    positions = vertices[:head].astype(np.float64)
    seen, weight = gather_at_vertices(topology, albedo, trust)
    mirror = topology.mirror[:head]
    borrowed = 0.5 * weight[mirror] * (1 - weight)
    total = weight + borrowed
    seen = (seen * weight[:, None] + seen[mirror] * borrowed[:, None]) / np.maximum(total, 1e-6)[:, None]
    target = np.repeat(np.asarray(tone, np.float64)[None], head, 0)
    inner = np.zeros(head)
    for name, offset in {**REGION_TONES, **INNER_TONES}.items():
        mask = region_sum(topology, (name,))[:head].astype(np.float64)
        target += mask[:, None] * np.array(offset)
        if name in INNER_TONES:
            inner = np.maximum(inner, mask)
    mouth = region_sum(topology, ("mouth_inner",))[:head, None].astype(np.float64)
    target += mouth * (MUCOSA - target)
    inner = np.maximum(inner, mouth[:, 0])
    total *= 1 - inner
    lids = region_sum(topology, ("upper_lid", "lower_lid"))[:head]
    length = TONE_LENGTH * (INNER_LENGTH / TONE_LENGTH) ** np.maximum(inner, LID_SHARE * lids)
    area = vertex_areas(positions, triangles)
    data, screen = area * total / DATA_LENGTH**2, area / length**2 + 1e-9
    depth = np.maximum(inner, region_sum(topology, ("lips",))[:head])
    system = (_one_way(cotangent_laplacian(positions, triangles), depth) + sparse.diags(data + screen)).tocsc()
    return splu(system).solve(data[:, None] * seen + screen[:, None] * target).astype(np.float32)


def _one_way(laplacian: sparse.csr_matrix, depth: np.ndarray) -> sparse.csr_matrix:
    """(n, n) Laplacian of which no row looks deeper into an opening, whose tone must not spread over hidden skin.

    Args:
        laplacian: (n, n), rows sum to 0.
        depth: (n,) in [0, 1], 1 inside the openings and on the lips.
    """
    entries = laplacian.tocoo()
    kept = (entries.row != entries.col) & (depth[entries.col] <= depth[entries.row])
    coupling = sparse.csr_matrix((entries.data[kept], (entries.row[kept], entries.col[kept])), laplacian.shape)
    return coupling - sparse.diags(np.asarray(coupling.sum(axis=1)).ravel())


def gather_at_vertices(topology: HeadTopology, image: np.ndarray, weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weighted mean of an image's texels around each head vertex.

    Args:
        image: (S, S, C).
        weight: (S, S) in [0, 1].

    Returns:
        (V_head, C) mean, 0 where there is no weight; (V_head,) mean weight of the texels around.
    """
    head = topology.part_slice("head").stop
    size = min(BASE_SIZE, image.shape[0])
    mass = cv2.resize(weight.astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    value = cv2.resize((image * weight[..., None]).astype(np.float32), (size, size), interpolation=cv2.INTER_AREA)
    raster = uv_raster(topology, size)
    corner, bary = raster.corners.ravel(), raster.weights.ravel()
    mass, value = mass.ravel()[raster.pixels], value.reshape(-1, image.shape[2])[raster.pixels]

    def spread(texels: np.ndarray) -> np.ndarray:
        return np.bincount(corner, bary * np.repeat(texels, 3), minlength=topology.vertex_count)[:head]

    summed = np.stack([spread(value[:, c]) for c in range(value.shape[1])], axis=-1)
    weights = spread(mass)
    share = weights / np.maximum(spread(np.ones_like(mass)), 1e-6)
    return summed / np.maximum(weights, 1e-6)[:, None], share


def complete(
    topology: HeadTopology,
    vertices: np.ndarray,
    albedo: np.ndarray,
    trust: np.ndarray,
    plain: np.ndarray,
    bare: np.ndarray,
    tone: np.ndarray,
    texel: float,
    window: Window,
) -> tuple[np.ndarray, np.ndarray]:
    """Whole head's log albedo: seen texels (trust 1) as they are, the rest continued.

    Args:
        vertices: (V, 3) mm, neutral.
        albedo: (h, w, 3) log albedo in the window, at the size of the maps.
        trust: (g, g) in [0, 1], how far a texel is kept; none beyond the window.
        plain, bare: (g, g) in [0, 1], the part of it that is plain skin, that is neither brow nor lip.
        tone: (3,) log albedo of the person's skin.
        texel: mm, at the working size.
        window: the part of the chart that is seen.

    Returns:
        (g, g, 3) of the chart at the working size; (h, w, 3) of the window at the size of the maps.
    """
    grid = window.grid
    seen = np.zeros((grid, grid, 3), np.float32)
    seen[window.work] = window.reduced(albedo)
    on_head = np.zeros((topology.vertex_count, 3), np.float32)
    on_head[topology.part_slice("head")] = base_tone(topology, vertices, seen, plain, tone)
    base = sample_smooth(topology, on_head, grid)
    detail, kept = seen[window.work] - base[window.work], trust[window.work]
    detail *= (kept > 0)[..., None]
    # what is seen on either side, weighted by its trust
    joined, either = _either_side(detail, kept)
    texture = grain_tile(detail, plain[window.work], texel, grid)
    hidden = _hidden_detail(topology, detail, joined, either, kept, bare[window.work], texel, window)
    if len(texture) < grid:
        texture = cv2.resize(texture, (grid, grid), interpolation=cv2.INTER_CUBIC)
    even = sample_smooth(topology, _evenly_charted(topology, vertices, texel * grid), grid)
    hidden += texture * (_inland(topology, grid) * even)[..., None]
    hidden += base
    fine = window.enlarged(hidden, cv2.INTER_CUBIC)
    joined, either = _either_side(albedo - window.enlarged(base), window.enlarged(trust))
    joined += window.enlarged(base) * either[..., None]
    fine *= (1 - either)[..., None]
    fine += joined
    hidden[window.work] = window.reduced(fine)
    return hidden, fine


def _either_side(detail: np.ndarray, trust: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Detail (h, w, 3) of either side times its trust, where this side has none the mirrored one; (h, w) that trust."""
    borrowed = (1 - trust) * trust[:, ::-1]
    joined = detail * trust[..., None]
    joined += detail[:, ::-1] * borrowed[..., None]
    return joined, trust + borrowed


def _hidden_detail(
    topology: HeadTopology,
    detail: np.ndarray,
    joined: np.ndarray,
    either: np.ndarray,
    trust: np.ndarray,
    bare: np.ndarray,
    texel: float,
    window: Window,
) -> np.ndarray:
    """(g, g, 3) what lies over the base where neither side is seen, as a smooth continuation of what is.

    Holes take on the skin or beard around them, from far to near; last, lips and brows end softly. Worked out at half
    the resolution.

    Args:
        detail: (h, w, 3) log colour over the base, in the window at the working size.
        joined: (h, w, 3) the detail of either side times its trust.
        either: (h, w) that trust.
        trust, bare: (h, w), of this side.
        texel: mm.
        window: where these lie in the chart.
    """
    half = window.grid // 2
    halved = tuple(slice(s.start // 2, s.stop // 2) for s in window.work)
    skin = bare + (1 - bare) * (1 - trust) * bare[:, ::-1]

    def placed(part: np.ndarray) -> np.ndarray:
        image = np.zeros((half, half) + part.shape[2:], np.float32)
        shape = halved[1].stop - halved[1].start, halved[0].stop - halved[0].start
        image[halved] = cv2.resize(part, shape, interpolation=cv2.INTER_AREA)
        return image

    joined, either, skin, detail, trust = (placed(a) for a in (joined, either, skin, detail, trust))
    outside = 1 - sample_smooth(topology, region_sum(topology, ("mouth_inner", *INNER_TONES)), half)
    lips = sample_smooth(topology, region_sum(topology, ("lips",)), half)
    hidden = lips[..., None] * _lip_tone(detail, trust * lips)
    mean = joined / np.maximum(either, 1e-3)[..., None]
    off_lips = outside * (1 - lips)
    steps = ((skin, HOLES_MM[0], off_lips), (skin, HOLES_MM[1], off_lips), (either, SPILL_MM, outside))
    for weight, length, where in steps:
        sigma = 0.5 * length / texel
        near = _nearness(weight, sigma) * where
        hidden = hidden + near[..., None] * (masked_blur(mean, weight, sigma) - hidden)
    return cv2.resize(hidden, (window.grid, window.grid), interpolation=cv2.INTER_LINEAR)


def _nearness(weight: np.ndarray, sigma: float) -> np.ndarray:
    """(S, S) in [0, 1], 1 where at least half of what a Gaussian of sigma texels covers is weighted."""
    factor = max(1, int(sigma // 3))
    small = (weight.shape[1] // factor, weight.shape[0] // factor)
    near = cv2.GaussianBlur(cv2.resize(weight, small, interpolation=cv2.INTER_AREA), (0, 0), sigma / factor)
    return cv2.resize(np.clip(2.0 * near, 0, 1), weight.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _lip_tone(detail: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(3,) log colour of the lips relative to the skin, as far as they are seen."""
    mass = float(weight.sum())
    seen = (weight.ravel() @ detail.reshape(-1, 3)) / max(mass, 1e-6)
    known = mass / (mass + 50.0)
    return (known * seen + (1 - known) * np.array(LIP_TONE)).astype(np.float32)


def _inland(topology: HeadTopology, size: int) -> np.ndarray:
    """(S, S) 0 at the border of the chart, 1 inside: grain must not show where the chart is cut."""
    coarse = min(size, SMOOTH_SIZE)
    covered = uv_raster(topology, coarse).covered.astype(np.uint8)
    inland = np.clip(cv2.distanceTransform(covered, cv2.DIST_L2, 3) / (0.02 * coarse), 0, 1)
    return cv2.resize(inland, (size, size), interpolation=cv2.INTER_LINEAR)


def _evenly_charted(topology: HeadTopology, vertices: np.ndarray, width: float) -> np.ndarray:
    """(V,) 1 where the chart is of the face's scale, 0 where it is so coarse that grain would show as streaks.

    Args:
        vertices: (V, 3) mm.
        width: mm of the chart at the face.
    """
    chosen = topology.face_part == PARTS.index("head")
    quads, chart = topology.faces[chosen], topology.uv[chosen].astype(np.float64) * width
    corners = vertices[quads].astype(np.float64)
    across = np.stack([corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]], axis=-1)
    along = np.stack([chart[:, 2] - chart[:, 0], chart[:, 3] - chart[:, 1]], axis=-1)
    usual = np.abs(np.linalg.det(along)) > 1e-9
    jacobian = across[usual] @ np.linalg.inv(along[usual])
    longest = np.linalg.norm(jacobian, ord=2, axis=(1, 2))
    count = np.maximum(np.bincount(quads[usual].ravel(), minlength=topology.vertex_count), 1)
    mean = np.bincount(quads[usual].ravel(), np.repeat(longest, 4), topology.vertex_count) / count
    return (1 - smoothstep(mean, *COARSE_CHART)).astype(np.float32)
