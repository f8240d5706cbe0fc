"""Personal shape keys: the model's 52 expressions transferred to a fitted neutral head.

The skin's shapes are transferred by their deformation gradients. Eyes turn about their fitted joints, teeth move
rigidly, lashes follow the lids. Lids and lips that touch on the mean head are made to touch here too, and not to cross.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from ..mesh.deformation_transfer import transfer
from ..mesh.operators import quads_to_triangles, vertex_normals
from .jaw_clearance import teeth_drawn_back
from .model import JOINTS, HeadModel
from .model_cache import kept_for_last_model
from .personal_contacts import kept_apart, rest_kept_apart

REACHED = 0.2  # mm: what counts as moved by a shape
FADE = (5.0, 20.0)  # mm from the nearest moved vertex, between which a shape's correction fades out
FOLLOWED = 4  # skin vertices that a lash vertex follows
TOUCHING = 0.8  # mm between lids, or between lips, that count as closed
APART = 2.5  # mm between the same vertices when open
CLEARANCE = 0.4  # mm of a shut lid before the eyeball that are kept
BEHIND = (-1.5, -0.6)  # mm: lid skin so far inside the eyeball on the mean head is the socket's, and stays there


def personal_deltas(model: HeadModel, neutral: np.ndarray, apart: bool = True) -> np.ndarray:
    """Shape keys for a neutral head.

    Args:
        model: head model.
        neutral: (V, 3) mm, a head of the model's topology; best one of ``rest_kept_apart``, for shapes do not mend it.
        apart: keep lips and lids from crossing; most of the time, and nothing that landmarks show.

    Returns:
        (52, V, 3) float32 mm at weight 1. On the model's mean head they are the model's own shapes.
    """
    topology = model.topology
    neutral = np.asarray(neutral, dtype=float)
    if apart:
        neutral = rest_kept_apart(model, neutral)
    mean = model.mean.astype(float)
    basis = model.expression_basis.astype(float)
    deltas = basis.copy()
    head = topology.part_slice("head")
    deltas[:, head] = _skin_deltas(model, neutral)
    if apart:
        deltas[:, head] = kept_apart(model, neutral, deltas[:, head])
    for vertices in _rigid_groups(model):
        deltas[:, vertices] = carried(mean[vertices], neutral[vertices], basis[:, vertices])
    jaw_open = model.expression_names.index("jawOpen")
    deltas[jaw_open] += teeth_drawn_back(model, neutral, deltas[jaw_open])
    lashes = topology.part_slice("lashes")
    if lashes.stop > lashes.start:
        distance, nearest = cKDTree(mean[head]).query(mean[lashes], FOLLOWED)
        share = 1.0 / (distance + 0.1) ** 2
        share /= share.sum(axis=1, keepdims=True)
        change = (deltas[:, head] - basis[:, head])[:, nearest]
        deltas[:, lashes] = basis[:, lashes] + np.einsum("mlkd,lk->mld", change, share)
    return deltas.astype(np.float32)


@dataclass(frozen=True)
class _SkinShapes:
    """What is transferred, all of the head part's n vertices.

    Attributes:
        wanted: (52, n, 3) mm; mouthClose with jawOpen, which it shuts: the sum of both is what has to seal.
        near: (52, n, 1), see ``_nearness``.
        touching: vertex pairs (p, 2) that each brings together.
    """

    wanted: np.ndarray
    near: np.ndarray
    touching: list[np.ndarray]


@kept_for_last_model
def _skin_shapes(model: HeadModel) -> _SkinShapes:
    head = model.topology.part_slice("head")
    mean, basis, triangles = model.mean[head].astype(float), model.expression_basis[:, head], _skin_triangles(model)
    wanted, skin = basis.astype(float), _closing_skin(model)
    touching = touching_pairs(mean, wanted, triangles, skin)
    jaw, close = (model.expression_names.index(name) for name in ("jawOpen", "mouthClose"))
    (touching[close],) = touching_pairs(mean + wanted[jaw], wanted[[close]], triangles, skin)
    wanted[close] += wanted[jaw]
    near = np.stack([_nearness(mean, delta) for delta in wanted])[:, :, None]
    return _SkinShapes(wanted, near, touching)


def _skin_triangles(model: HeadModel) -> np.ndarray:
    return quads_to_triangles(model.topology.part_faces("head"))


def _skin_deltas(model: HeadModel, neutral: np.ndarray) -> np.ndarray:
    """(52, n, 3) mm shapes of the head part with lids and lips that close."""
    head = model.topology.part_slice("head")
    mean, skin, wanted = model.mean[head].astype(float), neutral[head], _skin_shapes(model).wanted
    near, touching = _skin_shapes(model).near, _skin_shapes(model).touching
    jaw, close = (model.expression_names.index(name) for name in ("jawOpen", "mouthClose"))
    # lips need no more than to touch; lids do, lest the eye shows between them
    nearer = wanted.copy()
    nearer[close] = 0.0
    deltas = transfer(mean, skin, wanted, _skin_triangles(model), touching, nearer)
    # the least-squares solution drifts a little where a shape does nothing: there the source's displacement stays
    deltas = wanted + near * (deltas - wanted)
    deltas[close] -= deltas[jaw]
    for eye in _eyes(model):
        source, target = model.mean[eye].astype(float), neutral[eye]
        for i in (i for i, pairs in enumerate(touching) if len(pairs) and i != close):
            deltas[i] += near[i] * pushed_clear(source, mean + wanted[i], target, skin + deltas[i])
    return deltas


def _nearness(points: np.ndarray, delta: np.ndarray) -> np.ndarray:
    """(n,) 1 at and around the points (n, 3) mm that a displacement (n, 3) moves, 0 far from them."""
    moved = np.linalg.norm(delta, axis=1) > REACHED
    near = np.ones(len(points))
    if not moved.any():
        return 0.0 * near
    distance, _ = cKDTree(points[moved]).query(points[~moved], distance_upper_bound=FADE[1])
    near[~moved] = np.clip((FADE[1] - distance.clip(max=FADE[1])) / (FADE[1] - FADE[0]), 0.0, 1.0)
    return near


def _eyes(model: HeadModel) -> list[np.ndarray]:
    """Vertex lists of the left and the right eyeball."""
    span = model.topology.part_slice("eyes")
    vertices = np.arange(span.start, span.stop)
    left = model.mean[vertices, 0] > 0
    return [side for side in (vertices[left], vertices[~left]) if len(side) >= 4]


def pushed_clear(source_eye: np.ndarray, source: np.ndarray, target_eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Push along the eyeball's radius that keeps shut lids before it: no less clear than on the source head.

    Args:
        source_eye, target_eye: (e, 3) mm, eyeballs; source, target: (n, 3) mm, skin with the lids shut.

    Returns:
        (n, 3) mm, zero where the target's lid lies as far out as the source's or more than CLEARANCE.
    """
    _, wanted = _clearance(source_eye, source)
    outward, found = _clearance(target_eye, target)
    share = np.clip((wanted - BEHIND[0]) / (BEHIND[1] - BEHIND[0]), 0.0, 1.0)
    return outward * (share * np.maximum(np.minimum(wanted, CLEARANCE) - found, 0.0))[:, None]


def _clearance(eye: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions (n, 3) of points from the centre of an eyeball (e, 3), and distances (n,) mm from its sphere."""
    centre = eye.mean(axis=0)
    away = points - centre
    distance = np.linalg.norm(away, axis=1)
    radius = np.median(np.linalg.norm(eye - centre, axis=1))
    return away / np.maximum(distance, 1e-9)[:, None], distance - radius


def _rigid_groups(model: HeadModel) -> list[np.ndarray]:
    """Vertex lists of what moves as one piece: each eye, upper and lower teeth, tongue."""
    topology = model.topology
    groups = _eyes(model)
    for part, split in (("teeth", _jaw_share(model) > 0.5), ("tongue", None)):
        span = topology.part_slice(part)
        vertices = np.arange(span.start, span.stop)
        sides = [vertices] if split is None else [vertices[split[vertices]], vertices[~split[vertices]]]
        groups += [side for side in sides if len(side) >= 4]
    return groups


def _jaw_share(model: HeadModel) -> np.ndarray:
    return model.topology.skin_weights[:, JOINTS.index("jaw")]


def carried(source: np.ndarray, target: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """Displacements of a nearly rigid piece, carried over by the similarity G that takes source to target.

    Each deformation is split into its best rigid motion M and a rest; the target moves by G M G^-1 and G's rotation and
    scale of the rest. So an eye turns about its own centre, and teeth stay in shape.

    Args:
        source, target: (n, 3); deltas: (m, n, 3) displacements of the source.

    Returns:
        (m, n, 3).
    """
    scale, turn, shift = similarity(source, target)
    back = (target - shift) @ turn / scale
    result = np.zeros_like(deltas)
    for i, delta in enumerate(deltas):
        if not np.abs(delta).max() > 0.0:
            continue
        _, rotation, translation = similarity(source, source + delta, with_scale=False)
        rest = source + delta - (source @ rotation.T + translation)
        result[i] = scale * (back @ rotation.T + translation + rest - back) @ turn.T
    return result


def similarity(source: np.ndarray, target: np.ndarray, with_scale: bool = True) -> tuple[float, np.ndarray, np.ndarray]:
    """Scale, rotation (3, 3) and shift (3,) with ``scale * rotation @ source + shift ~ target`` (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, values, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * sign) @ vt
    scale = float(values @ sign / (a**2).sum()) if with_scale else 1.0
    return scale, rotation, target.mean(0) - scale * rotation @ source.mean(0)


def _closing_skin(model: HeadModel) -> np.ndarray:
    """(n,) bool, head vertices of lids and lips."""
    topology = model.topology
    names = ("upper_lid", "lower_lid", "lips", "upper_lip", "lower_lip")
    head = topology.part_slice("head")
    masks = [topology.region(name)[head] for name in names if name in topology.region_names]
    return np.max(masks, axis=0) > 0.2 if masks else np.zeros(head.stop, bool)


def touching_pairs(points: np.ndarray, deltas: np.ndarray, triangles: np.ndarray, skin: np.ndarray) -> list[np.ndarray]:
    """Vertices that a deformation brings together: open at rest, closed and facing each other when deformed.

    Args:
        points: (n, 3) mm at rest; deltas: (m, n, 3); triangles: (T, 3); skin: (n,) bool, where to look.

    Returns:
        Per deformation an array (p, 2) of vertex pairs, possibly empty.
    """
    index = np.flatnonzero(skin)
    result = []
    for delta in deltas:
        moved = points + delta
        pairs = np.zeros((0, 2), dtype=int)
        if len(index) >= 2 and np.ptp(delta[index], axis=0).max() > (APART - TOUCHING) / np.sqrt(3.0):
            pairs = index[cKDTree(moved[index]).query_pairs(TOUCHING, output_type="ndarray")].reshape(-1, 2)
        pairs = pairs[np.linalg.norm(points[pairs[:, 0]] - points[pairs[:, 1]], axis=1) > APART]
        if len(pairs):
            normals = vertex_normals(moved, triangles)
            pairs = pairs[np.einsum("nd,nd->n", *normals[pairs.T]) < 0.0]
        distance = np.linalg.norm(moved[pairs[:, 0]] - moved[pairs[:, 1]], axis=1)
        result.append(_each_once(pairs[np.argsort(distance, kind="stable")], len(points)))
    return result


def _each_once(pairs: np.ndarray, count: int) -> np.ndarray:
    """Pairs in which either vertex appears for the first time, in order; (p, 2)."""
    first = np.full(count, len(pairs))
    np.minimum.at(first, pairs[:, 0], np.arange(len(pairs)))
    np.minimum.at(first, pairs[:, 1], np.arange(len(pairs)))
    order = np.arange(len(pairs))
    return pairs[(first[pairs[:, 0]] == order) & (first[pairs[:, 1]] == order)] if len(pairs) else pairs
