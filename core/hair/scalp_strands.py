"""Scalp hair as strands: each walks from its root by the style's flow, lies down at its own height over the skull,
hangs where nothing carries it, joins its lock and waves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..head.model import HeadTopology, region_sum
from ..image.filters import smoothstep
from .attachment import bilinear, frames, limit_points
from .scalp_area import ARC_MM, FOREHEAD_ARC, HAIRLESS, Hairline, density
from .skull import Skull, norms
from .styles import HairStyle

HAIRS_PER_MM2 = 0.27  # that show, of a usual style: each stands for about five of a person's
STEPS = 40  # of a hair's way
KEEP = 0.55  # of the last step's direction in the next one
LEAST_MM = 0.5  # over the skin, past the root
LAID_MM = 18.0  # from the root until a hair has its height
HOLD = (-0.15, 0.35)  # upward part of the skin's normal: hangs free, lies on the head
LIES = (-0.1, 0.45)  # and where the style's flow ends and begins
PULL, PUSH = 0.35, 0.9  # of a step, most towards the skin and away from it
FACE_MM = 22.0  # from the edge of the face in which hair is led past it
PAST_FACE = np.array([1.1, 0.0, -0.7], np.float32)  # that way: outwards and back, times how far hair is over the face
TOP_NORMAL = (0.25, 0.75)  # upward part of the normal: sides, top
NAPE_MM = (5.0, 45.0)  # under the ears' height at the back: sides, nape
FRINGE_ARC = 50.0  # mm to either side that falls over the forehead
FRINGE_BACK = 5.0  # mm before the ears, from where it comes
FRINGE_OVER_BROW = 7.0  # mm at which it is cut
CUT_SPREAD = 2.5  # mm, standard deviation of where a hair is cut
CROWN = np.array([0.06, 0.80, -0.60])  # direction from the skull's centre to the whorl
TIE = np.array([0.0, 0.28, -0.96])  # and to where hair is tied
DOWN_BEHIND = np.array([0.0, -0.95, -0.3], np.float32)  # where the tail goes
TIE_OUT, TIE_RING, TIE_NEAR = 8.0, 6.0, 16.0  # mm: over the skin; radius of the tail; from there on it hangs
LOCKS_NEAR = 12.0  # mm that a unit of direction counts for when hairs are sorted into locks
CUT_NEAR = 150.0  # mm that the share left by a cut counts for
LOCK_FROM = 0.25  # of the length, from where hairs of a lock meet
WAVE_FROM = 0.12  # of the length, from where hair waves
FRIZZ = 0.03  # of the length, how far single hairs stray, times ``loose`` over its usual 0.12


@dataclass(frozen=True, eq=False)
class Scene:
    """What hair of a head needs to know of it.

    Attributes:
        skull: the head as hair meets it.
        hairline: of the style.
        brow, chin: mm, heights.
        ears: mm, height of their upper end.
        crown, tie: (3,) mm, the whorl, and where hair is tied.
    """

    skull: Skull
    hairline: Hairline
    brow: float
    chin: float
    ears: float
    crown: np.ndarray
    tie: np.ndarray


def head_scene(topology: HeadTopology, vertices: np.ndarray, skull: Skull, hairline: Hairline) -> Scene:
    """Of a neutral head (V, 3) mm."""
    heights = {name: vertices[topology.region(name) > 0.5, 1] for name in ("brow", "chin", "ear")}
    crown = skull.centre + unit(CROWN) * float(_radius(skull, CROWN))
    tie = skull.centre + TIE * (float(_radius(skull, TIE)) + TIE_OUT)
    return Scene(skull, hairline, float(heights["brow"].mean()), float(heights["chin"].min()),
                 float(heights["ear"].max()), crown.astype(np.float32), tie.astype(np.float32))  # fmt: skip


@dataclass(frozen=True, eq=False)
class Roots:
    """Where hairs begin.

    Attributes:
        uv: (n, 2) in the chart.
        points: (n, 3) mm.
        normals: (n, 3) unit.
    """

    uv: np.ndarray
    points: np.ndarray
    normals: np.ndarray


def scatter_roots(
    topology: HeadTopology, vertices: np.ndarray, scene: Scene, style: HairStyle, spare: float, rng: np.random.Generator
) -> Roots:
    """Roots all over the scalp, any first part of them spread as the whole.

    Args:
        vertices: (V, 3) mm, neutral.
        spare: times the usual number.
    """
    faces = topology.part_faces("head")
    limit = limit_points(topology, vertices)
    quads = limit[faces]
    low = scene.hairline.line[:, 1].min() - 25.0
    area = 0.5 * np.linalg.norm(np.cross(quads[:, 2] - quads[:, 0], quads[:, 3] - quads[:, 1]), axis=1)
    no_skin = region_sum(topology, HAIRLESS)
    area *= (quads[:, :, 1].max(1) > low) & (no_skin[faces].max(1) < 0.5)
    total = np.cumsum(area)
    count = round(float(total[-1]) * HAIRS_PER_MM2 * style.share * spare)
    chosen = np.searchsorted(total, (np.arange(count) + rng.random(count)) * total[-1] / count).clip(0, len(area) - 1)
    chosen = rng.permutation(chosen)
    place = rng.random((count, 2))
    charts = topology.uv[topology.face_part == 0]
    points, uv = (bilinear(corners[chosen], place) for corners in (quads, charts))
    normals = frames(quads[chosen], place)[1]
    kept = rng.random(count) < density(scene.hairline, points, normals, style)
    return Roots(*(values[kept].astype(np.float32) for values in (uv, points, normals)))


def grown(
    roots: Roots, scene: Scene, style: HairStyle, length: float, volume: float, rng: np.random.Generator
) -> np.ndarray:
    """(n, k, 3) mm: the strands, root first.

    Args:
        length, volume: times those of the style.
    """
    count = len(roots.points)
    rank = rng.random(count)
    reach = _by_place(roots.points, roots.normals, scene, style.lengths)
    reach = length * reach * np.clip(1.0 + style.loose * rng.standard_normal(count), 0.4, 1.6)
    path = _walked(roots, scene, style, reach, volume * rank**0.7, rng)
    share = _cut(path, roots, scene, style, rng)
    path = in_locks(resampled(path, share, style.points), share, roots, style, rng)
    return waved(path, roots, style, rng)


def clear_of_eyes(strands: np.ndarray, scene: Scene) -> np.ndarray:
    """(n,) whether strands (n, k, 3) mm leave the eyes free; single hairs stray from their way."""
    at = scene.hairline.place(strands)
    before = (np.abs(at[..., 0]) < FRINGE_ARC) & (strands[..., 2] > scene.hairline.axis)
    return ~(before & (at[..., 1] < scene.brow) & (at[..., 1] > scene.chin)).any(1)


def _by_place(points: np.ndarray, normals: np.ndarray, scene: Scene, values: tuple[float, float, float]) -> np.ndarray:
    """(n,) values of top, sides and nape, mixed by where points (n, 3) with normals (n, 3) are."""
    top = smoothstep(normals[:, 1], *TOP_NORMAL)
    behind = smoothstep(scene.hairline.axis - points[:, 2], 0.0, 25.0)
    nape = (1.0 - top) * behind * smoothstep(scene.ears - points[:, 1], *NAPE_MM)
    return top * values[0] + (1.0 - top - nape) * values[1] + nape * values[2]


def _walked(
    roots: Roots, scene: Scene, style: HairStyle, reach: np.ndarray, rank: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """(n, STEPS + 1, 3) mm: the ways of hairs of some lengths (n,) mm.

    Args:
        rank: (n,) how high each lies, of the style's volume.
    """
    skull, step = scene.skull, (reach / STEPS)[:, None]
    aside = np.tanh((roots.points[:, 0] - style.parting) / 5.0)
    passing = ~_falls(roots, scene) if style.fringe else np.ones(len(aside), bool)
    # single precision all the way: half the memory to go through
    stray = (style.loose * rng.standard_normal(roots.points.shape)).astype(np.float32)
    tie = (scene.tie + TIE_RING * rng.standard_normal(roots.points.shape)).astype(np.float32)
    reach, rank, step, aside = (values.astype(np.float32) for values in (reach, rank, step, aside))
    tied = np.zeros(len(aside), bool)
    path, direction = [roots.points], roots.normals
    for k in range(STEPS):
        point, gone = path[-1], reach * k / STEPS
        normal = skull.normal(point) if k else roots.normals
        flow = _flow(point, normal, aside, passing, scene, style) + stray
        if style.tied:
            tied |= np.linalg.norm(tie - point, axis=1) < TIE_NEAR
            flow = np.where(tied[:, None], DOWN_BEHIND, unit(tie - point)) + 0.3 * stray
        hold = smoothstep(normal[:, 1], *HOLD)[:, None] * ~tied[:, None] if style.weight else 0.0
        inward = (flow * normal).sum(1, keepdims=True)
        flow = unit(flow - normal * inward * np.where(inward < 0.0, 1.0, hold))
        wanted = rank * _by_place(point, normal, scene, style.volume) * smoothstep(gone, 0.0, LAID_MM)
        lift = (wanted - skull.height(point))[:, None] / np.maximum(step, 0.1)
        flow = flow + normal * np.clip(0.5 * lift, -PULL * hold, np.where(tied[:, None], 0.0, PUSH))
        standing = style.stand * np.exp(-gone / (1.2 * max(style.volume))) if style.stand < 1.0 else np.ones(len(aside))
        flow = flow + standing[:, None] * (roots.normals - flow)
        direction = unit(KEEP * direction + (1.0 - KEEP) * unit(flow))
        point = point + step * direction
        under = np.maximum(LEAST_MM - skull.height(point), 0.0)
        path.append(point + (under * ~tied)[:, None] * normal)
    return np.stack(path, axis=1)


def _falls(roots: Roots, scene: Scene) -> np.ndarray:
    """(n,) whether hair of these roots falls over the forehead in a fringe."""
    arc = np.abs(scene.hairline.place(roots.points)[:, 0])
    return (arc < FRINGE_ARC) & (roots.points[:, 2] > scene.hairline.axis + FRINGE_BACK)


def _flow(
    point: np.ndarray, normal: np.ndarray, aside: np.ndarray, passing: np.ndarray, scene: Scene, style: HairStyle
) -> np.ndarray:
    """(n, 3) where the style sends hair at points (n, 3).

    Args:
        aside: (n,) to which side of the parting each belongs, -1 to 1.
        passing: (n,) bool, hair that is led past the face.
    """
    lies = smoothstep(normal[:, 1], *LIES)
    flow = (style.away * lies)[:, None] * unit(point - scene.crown)
    flow[:, 2] -= style.back * smoothstep(normal[:, 1], -0.4, 0.3)
    flow[:, 0] += style.aside * aside * lies
    flow[:, 1] -= style.weight * (1.2 - normal[:, 1])
    arc = ARC_MM * np.arctan2(point[:, 0].copy(), point[:, 2] - scene.hairline.axis)
    front = scene.hairline.line[len(scene.hairline.line) // 2, 1]
    over = smoothstep(FOREHEAD_ARC - 10.0 - np.abs(arc), 0.0, FACE_MM) * smoothstep(front - point[:, 1], -6.0, 10.0)
    side = np.where(np.abs(aside) > 0.3, np.sign(aside), np.sign(point[:, 0]))
    if style.fringe:
        side = np.sign(point[:, 0])
    past = PAST_FACE * np.stack([side, np.ones_like(side), np.ones_like(side)], axis=1)
    flow += 1.6 * (over * passing)[:, None] * past
    return flow


def _radius(skull: Skull, direction: np.ndarray) -> np.ndarray:
    """mm from the skull's centre to the skin, in a direction."""
    far = skull.centre + 200.0 * unit(direction)
    return 200.0 - skull.height(far[None])[0]


def _cut(
    path: np.ndarray, roots: Roots, scene: Scene, style: HairStyle, rng: np.random.Generator
) -> np.ndarray:
    """(n,) share of each way that is left when it is cut at chin or brow."""
    count, steps = path.shape[:2]
    lowest = np.full(count, -np.inf)
    if style.cut is not None:
        lowest[:] = scene.chin + style.cut
    if style.fringe:
        over_brow = scene.brow + FRINGE_OVER_BROW
        arc, falls = np.abs(scene.hairline.place(path)[..., 0]), _falls(roots, scene)[:, None]
        forehead = (arc < np.where(falls, FOREHEAD_ARC, FRINGE_ARC)) & (path[..., 2] > scene.hairline.axis)
        low = np.where(forehead, over_brow, lowest[:, None])
    else:
        low = np.broadcast_to(lowest[:, None], (count, steps))
    low = low + CUT_SPREAD * rng.standard_normal((count, 1))
    under = path[..., 1] < low
    first = np.where(under.any(1), under.argmax(1), steps - 1)
    return np.maximum(first, 1) / (steps - 1)


def resampled(path: np.ndarray, share: np.ndarray, points: int) -> np.ndarray:
    """(n, points, 3): the first share (n,) of ways (n, m, 3)."""
    last = path.shape[1] - 1
    at = share[:, None] * np.linspace(0.0, 1.0, points) * last
    low = np.minimum(at.astype(int), last - 1)
    rows, rest = np.arange(len(path))[:, None], (at - low).astype(np.float32)[..., None]
    return path[rows, low] * (1.0 - rest) + path[rows, low + 1] * rest


def in_locks(
    path: np.ndarray, left: np.ndarray, roots: Roots, style: HairStyle, rng: np.random.Generator
) -> np.ndarray:
    """Hairs drawn to the middle hair of their lock, the more the nearer to the tip.

    Args:
        left: (n,) share of each that a cut left; hair that is cut is in no lock with hair that is not.
    """
    if not style.gather:
        return path
    share = np.linspace(0.0, 1.0, path.shape[1])
    for size, strength in ((3.0 * style.clump, 0.45), (style.clump, 1.0)):
        area = len(path) / HAIRS_PER_MM2
        middles = rng.permutation(len(path))[: max(1, round(area / size**2))]
        towards = unit(path[:, path.shape[1] // 3] - path[:, 0])
        key = np.concatenate([roots.points, LOCKS_NEAR * towards, CUT_NEAR * left[:, None]], axis=1)
        lock = middles[cKDTree(key[middles]).query(key)[1]]
        meet = strength * style.gather * smoothstep(share, LOCK_FROM * 0.3, 1.0) * rng.uniform(0.6, 1.0, (len(path), 1))
        # a lock's tip stays as wide as its hairs are loose
        path = path + meet.astype(np.float32)[..., None] * (path[lock] - path)
    return path


def waved(path: np.ndarray, roots: Roots, style: HairStyle, rng: np.random.Generator) -> np.ndarray:
    """Hairs with the waves or coils of the style, and each with its own stray."""
    count, points = path.shape[:2]
    steps = norms(np.diff(path, axis=1))
    along = np.concatenate([np.zeros((count, 1), np.float32), np.cumsum(steps, axis=1)], axis=1)
    tangent = unit(np.gradient(path, axis=1))
    first = unit(np.cross(tangent, roots.normals[:, None] + 1e-3))
    second = np.cross(tangent, first)
    share = np.linspace(0.0, 1.0, points, dtype=np.float32)
    grow = smoothstep(share, 0.0, max(WAVE_FROM, 1e-3))
    if style.curl:
        key = roots.points / (2.2 * style.clump)
        phase = 2.0 * np.pi * np.sin(key @ np.array([1.7, 2.3, 1.1])) + (0.5 if not style.coiled else 3.0) * (
            rng.standard_normal((count,))
        )
        wave = style.wave * np.clip(1.0 + 0.12 * rng.standard_normal(count), 0.6, 1.4)
        angle = 2.0 * np.pi * along / wave[:, None] + phase[:, None]
        size = style.curl * grow * np.clip(1.0 + 0.2 * rng.standard_normal((count, 1)), 0.3, 1.7)
        turn = np.sin(angle) if style.coiled else 0.6 * np.sin(angle)
        path = path + (size * np.cos(angle))[..., None] * first + (size * turn)[..., None] * second
    stray = FRIZZ * style.loose / 0.12 * along * share
    bend = rng.standard_normal((2, count, 1)) + 0.5 * np.sin(9.0 * share + rng.uniform(0.0, 6.3, (2, count, 1)))
    path = path + (stray * bend[0])[..., None] * first + (stray * np.abs(bend[1]))[..., None] * second
    path[:, 0] = roots.points
    return path


def unit(vectors: np.ndarray) -> np.ndarray:
    """(..., 3) vectors of length 1."""
    return vectors / np.maximum(norms(vectors), 1e-9)[..., None]
