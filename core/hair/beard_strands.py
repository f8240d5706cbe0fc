"""A beard as strands: each leaves the skin along a fixed field of the face, turns down by its weight, keeps out of the
skin, ends at the lips, waves and joins its lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..head.model import HeadTopology
from ..image.filters import smoothstep
from .attachment import bilinear, frames, limit_points
from .beard_kinds import BeardKind
from .scalp_strands import Roots, in_locks, resampled, unit, waved

UP_MM = 45.0  # over the underside of the nose: sideburns end there
FINE = 4  # places each way on a quad where the skin is known
STEPS = 14  # of a hair's way
KEEP = 0.6  # of the last step's direction in the next one
CLEAR_MM = (0.25, 0.12)  # over the skin: of a hair's middle at least, for each mm of its way up to 2
TRUSTED_MM = 14.0  # from the skin's known places, up to which they tell of it
LIP_CLEAR_MM = 5.0  # over the lips, under which a hair ends
LEAST_LEFT = 0.2  # share of its way that a hair has to have before it is over the lips
STRAY = 0.20  # standard deviation of a hair's direction, times ``loose`` over its usual 0.26
OUTWARD_MM = 7.0  # from the middle, at which hair of a moustache runs outwards
DOWN, BACK, FORWARD = 1.0, 0.30, 0.75  # of the field on cheeks; under the jaw it runs forward
MOUSTACHE_OUT, MOUSTACHE_DOWN = 0.95, 0.70
MOUSTACHE_ASIDE_MM = 9.0  # beyond the mouth's corners
SHORTER_EDGE = 0.5  # power of the cover by which hair is shorter where it is thin


@dataclass(frozen=True, eq=False)
class LowerFace:
    """The skin that a beard grows on and hangs before.

    Attributes:
        faces: (q,) rows of ``part_faces("head")``.
        corners: (q, 4, 3) mm, of the limit surface.
        places, normals: (n, 3) mm and unit, all over these quads.
        lips: (n,) bool, which of them are on the lips.
        tree: of the places.
        mouth: (2,) mm, height and half width of the mouth.
        nose: mm, height of the nose's underside.
    """

    faces: np.ndarray
    corners: np.ndarray
    places: np.ndarray
    normals: np.ndarray
    lips: np.ndarray
    tree: cKDTree
    mouth: tuple[float, float]
    nose: float

    def height(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Height over the skin (n,) mm, its normal (n, 3), and whether it is that of the lips (n,), at (n, 3)."""
        away, nearest = self.tree.query(points)
        normal = self.normals[nearest]
        height = ((points - self.places[nearest]) * normal).sum(1)
        return np.where(away < TRUSTED_MM, height, TRUSTED_MM), normal, self.lips[nearest]


def lower_face(topology: HeadTopology, vertices: np.ndarray, up: float = UP_MM) -> LowerFace:
    """Of a neutral head (V, 3) mm.

    Args:
        up: mm over the underside of the nose, up to which the skin is taken.
    """
    faces = topology.part_faces("head")
    limit = limit_points(topology, vertices).astype(np.float64)
    lips = topology.region("lips")[: len(limit)]
    mouth = limit[lips > 0.5]
    height = float(np.median(mouth[:, 1]))
    nose = float(limit[topology.region("nostril")[: len(limit)] > 0.5, 1].min())
    hidden = topology.region("mouth_inner")[faces].max(1) > 0.5
    rows = np.flatnonzero((limit[faces][:, :, 1].min(1) < nose + up) & ~hidden)
    corners = limit[faces[rows]]
    a, b = (v.ravel() for v in np.meshgrid(*2 * [(np.arange(FINE) + 0.5) / FINE]))
    fine = np.tile(np.column_stack([a, b]), (len(rows), 1))
    wide = np.repeat(np.arange(len(rows)), FINE * FINE)
    places = bilinear(corners[wide], fine)
    normals = frames(corners[wide], fine)[1].astype(np.float64)
    on_lips = bilinear(lips[faces[rows]][..., None][wide], fine)[:, 0] > 0.5
    return LowerFace(
        rows, corners, places, normals, on_lips, cKDTree(places), (height, float(np.abs(mouth[:, 0]).max())), nose
    )


def scatter_roots(
    topology: HeadTopology, face: LowerFace, cover: Callable[[np.ndarray], np.ndarray], per_mm2: float,
    rng: np.random.Generator,
) -> Roots:
    """Roots as dense as a cover asks for, any first part of them spread as the whole.

    Args:
        cover: from u, v (n, 2) to (n,) in [0, 1].
        per_mm2: roots on a square millimetre of cover 1.
    """
    charts = topology.uv[topology.face_part == 0][face.faces]
    quads = face.corners
    area = 0.5 * np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1)
    area *= cover(charts.reshape(-1, 2)).reshape(-1, 4).max(1) > 0
    total = np.cumsum(area)
    count = round(float(total[-1]) * per_mm2)
    if not count:
        return Roots(np.zeros((0, 2), np.float32), np.zeros((0, 3)), np.zeros((0, 3)))
    chosen = np.searchsorted(total, (np.arange(count) + rng.random(count)) * total[-1] / count).clip(0, len(area) - 1)
    chosen = rng.permutation(chosen)
    place = rng.random((count, 2))
    points, uv = (bilinear(corners[chosen], place) for corners in (quads, charts))
    kept = rng.random(count) < cover(uv)
    normals = frames(quads[chosen], place)[1]
    return Roots(uv[kept].astype(np.float32), points[kept], normals[kept].astype(np.float64))


def grown(
    roots: Roots, face: LowerFace, kind: BeardKind, length: float, cover: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, Roots]:
    """(n, k, 3) mm strands, root first, and the roots that they have: hairs that would be on the lips are left out.

    Args:
        length: times that of the kind.
        cover: (m,) of the roots.
    """
    style, count = kind.style, len(roots.points)
    over_mouth, chin = _places(roots.points, face)
    lower = style.lengths[1] + chin * (style.lengths[2] - style.lengths[1])
    usual: np.ndarray = over_mouth * style.lengths[0] + (1.0 - over_mouth) * lower
    reach = usual * length * cover**SHORTER_EDGE * np.clip(1.0 + style.loose * rng.standard_normal(count), 0.4, 1.6)
    path = _walked(roots, face, kind, reach, over_mouth, rng)
    share = _up_to_lips(path, face)
    long = np.flatnonzero(share > LEAST_LEFT)
    path, share, roots = path[long], share[long], Roots(roots.uv[long], roots.points[long], roots.normals[long])
    path = resampled(path, share, style.points)
    if style.gather and len(path):
        path = waved(in_locks(path, share, roots, style, rng), roots, style, rng)
        path = _pushed_out(path, face)
    return path, roots


def _places(points: np.ndarray, face: LowerFace) -> tuple[np.ndarray, np.ndarray]:
    """(n,) in [0, 1] each: how far points (n, 3) are the moustache's, and the chin's."""
    height, half = face.mouth
    over = smoothstep(points[:, 1], height - 4.0, height + 2.0)
    over = over * (1.0 - smoothstep(np.abs(points[:, 0]), half + 3.0, half + MOUSTACHE_ASIDE_MM))
    chin = (1.0 - smoothstep(np.abs(points[:, 0]), 18.0, 48.0)) * smoothstep(height - points[:, 1], 12.0, 30.0)
    return over, chin


def _field(points: np.ndarray, normals: np.ndarray, over_mouth: np.ndarray) -> np.ndarray:
    """(n, 3) unit vectors along the skin: where hair of points (n, 3) with normals (n, 3) runs."""
    side = np.tanh(points[:, 0] / OUTWARD_MM)
    under = smoothstep(-normals[:, 1], 0.35, 0.8)
    aside = smoothstep(np.abs(normals[:, 0]), 0.3, 0.8)
    zero = np.zeros(len(points))
    cheek = np.stack([zero, -DOWN * (1.0 - 0.6 * under), FORWARD * under - BACK * aside], axis=1)
    moustache = np.stack([MOUSTACHE_OUT * side, np.full(len(points), -MOUSTACHE_DOWN), zero], axis=1)
    wanted = cheek + over_mouth[:, None] * (moustache - cheek)
    return unit(wanted - normals * (wanted * normals).sum(1, keepdims=True))


def _walked(
    roots: Roots, face: LowerFace, kind: BeardKind, reach: np.ndarray, over_mouth: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """(n, STEPS + 1, 3) mm: the ways of hairs of some lengths (n,) mm."""
    stray = STRAY * kind.style.loose / 0.26 * rng.standard_normal(roots.points.shape)
    along = unit(_field(roots.points, roots.normals, over_mouth) + stray)
    along = unit(along - roots.normals * (along * roots.normals).sum(1, keepdims=True))
    lift = kind.lift * np.clip(1.0 + 0.35 * rng.standard_normal((len(reach), 1)), 0.3, 2.0)
    direction = np.cos(lift) * along + np.sin(lift) * roots.normals
    step = (reach / STEPS)[:, None]
    weight = kind.falls * (1.0 - 0.6 * over_mouth)[:, None]
    path = [roots.points]
    normal = roots.normals
    for k in range(STEPS):
        hangs = weight * smoothstep(np.float64((k + 1) / STEPS), 0.0, 1.0)
        wanted = unit(direction + hangs * (np.array([0.0, -1.0, 0.0]) - direction))
        direction = unit(KEEP * direction + (1.0 - KEEP) * wanted)
        point = path[-1] + step * direction
        height, normal, _ = face.height(point)
        least = CLEAR_MM[0] + CLEAR_MM[1] * np.minimum((k + 1) * step[:, 0], 2.0)
        under = np.minimum(least, 0.5 * (k + 1) * step[:, 0]) - height
        path.append(point + np.maximum(under, 0.0)[:, None] * normal)
    return np.stack(path, axis=1)


def _up_to_lips(path: np.ndarray, face: LowerFace) -> np.ndarray:
    """(n,) share of each way (n, k, 3) before it is over the lips."""
    steps = path.shape[1]
    height, _, lips = face.height(path.reshape(-1, 3))
    over = (lips & (height < LIP_CLEAR_MM)).reshape(-1, steps)
    last = np.where(over.any(1), over.argmax(1) - 1, steps - 1)
    return np.maximum(last, 0) / (steps - 1)


def _pushed_out(path: np.ndarray, face: LowerFace) -> np.ndarray:
    """Ways (n, k, 3) whose points past the root are over the skin."""
    height, normal, _ = face.height(path[:, 1:].reshape(-1, 3))
    out = path.copy()
    out[:, 1:] += (np.maximum(CLEAR_MM[0] - height, 0.0)[:, None] * normal).reshape(out[:, 1:].shape)
    return out
