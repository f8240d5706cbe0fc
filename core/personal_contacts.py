"""Personal shapes whose skin does not cross itself: lips and lids of a fitted head.

The shapes of the model do not cross on its mean head. Transferred to a head of other proportions, lips and lids pass
through each other a little. Where they do, the skin around is taken from the mean head in the same pose, where it is
whole, to the fitted head's in a few steps, and kept apart on the way; places that the shape brings together stay so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .contact_solver import corrected, joined
from .contacts import Ball, Contacts, Patch, contacts, make_patch
from .head_model import HeadModel, quads_to_triangles, unique_edges
from .intersections import crossing_pairs

MOUTH = ((-42.0, -100.0, 75.0), (42.0, -40.0, np.inf))  # mm on the mean head: corners of the boxes that are looked at
LEFT_EYE = ((10.0, -20.0, 70.0), (52.0, 20.0, np.inf))
RIGHT_EYE = ((-52.0, -20.0, 70.0), (-10.0, 20.0, np.inf))
# regions of the skin within them
FOLDING = (
    "lips", "mouth_inner", "upper_lip", "lower_lip", "mouth_corner", "upper_lid", "lower_lid", "eye_socket_inner",
)  # fmt: skip
# shapes that are corrected together, and sets of shapes that must be whole on their way
TOGETHER = (("mouthSmileLeft", "mouthSmileRight"),)
HELD = {
    "mouthClose": ("jawOpen",),
    "eyeSquintLeft": ("eyeBlinkLeft",), "eyeSquintRight": ("eyeBlinkRight",),
    "cheekSquintLeft": ("eyeBlinkLeft",), "cheekSquintRight": ("eyeBlinkRight",),
}  # fmt: skip
STEPS = 3  # from the mean head to the fitted one
GAP = 0.03  # mm kept between skin and skin
RINGS = 4  # of vertices around a crossing that may give way
FARTHEST = 2.0  # mm: a shape that would have to change more than this is only made whole with what it is held with
ROUNDS = 2  # in which what still crosses is corrected again
SEALED, PARTED = 0.6, 1.0  # mm between places that count as together when posed, and as apart at rest
# shapes that are sealed where nothing crosses too, and what they shut
SHUTTING: dict[str, tuple[str, ...]] = {"eyeBlinkLeft": (), "eyeBlinkRight": (), "mouthClose": ("jawOpen",)}
CLOSER, OTHER = 0.5, 1.0  # share of their distance on the mean head that sealed lids keep, mm from it by which they do


@dataclass(frozen=True)
class _Zone:
    """Skin that is looked at: quads (F, 4), triangles (T, 3) of head vertices, and the eyeball behind it."""

    quads: np.ndarray
    triangles: np.ndarray
    eye: np.ndarray


def kept_apart(model: HeadModel, neutral: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """(52, n, 3) mm shapes of the skin without crossings of lips and lids at weight 1, as far as that goes.

    Args:
        model: head model, whose own shapes do not cross.
        neutral: (V, 3) mm; deltas: (52, n, 3) mm, shapes of the skin's n vertices.
    """
    head = model.topology.part_slice("head")
    mean, basis = model.mean[head].astype(float), model.expression_basis[:, head].astype(float)
    deltas, names = deltas.copy(), model.expression_names
    partner = {name: group for group in TOGETHER for name in group}
    closer = 1.0 - (1.0 - CLOSER) * min(float(np.abs(neutral[head] - mean).max()) / OTHER, 1.0)
    # what others are held with comes first
    order = sorted(names, key=lambda name: name in HELD)
    for zone in _zones(model):
        ball = _eyeball(neutral[zone.eye])
        shown = np.unique(zone.triangles)
        for name in order:
            rows = [names.index(n) for n in partner.get(name, (name,)) if n in names]
            if name != names[rows[0]] or np.abs(basis[rows][:, shown]).max() < 0.1:
                continue
            poses = _poses(name, names, rows)
            own = poses[:, rows]
            clean = mean + np.tensordot(poses, basis, 1)
            share = closer if name in SHUTTING and name not in HELD else 1.0
            wide = mean + sum(basis[names.index(n)] for n in SHUTTING.get(name, ()) if n in names)
            for _ in range(ROUNDS):
                posed = neutral[head] + np.tensordot(poses, deltas, 1)
                crossing = [zone.triangles[crossing_pairs(points, zone.triangles)] for points in posed]
                found = np.unique(np.concatenate([pairs.ravel() for pairs in crossing]))
                if name in SHUTTING:
                    found = np.union1d(found, _opened(zone, clean[-1], posed[-1], wide, share))
                if not len(found):
                    break
                change = _pulled_apart(zone, found, clean, posed, wide, own, ball, share)
                if name in HELD and np.abs(change).max() > FARTHEST:
                    # not both: what is used together matters more
                    poses, own, clean, posed = poses[1:], own[1:], clean[1:], posed[1:]
                    change = _pulled_apart(zone, found, clean, posed, wide, own, ball, share)
                deltas[rows] += change
    return deltas


def _poses(name: str, names: tuple[str, ...], rows: list[int]) -> np.ndarray:
    """(p, 52) weights: each of the shapes alone, all at once, and with what they are held with."""
    alone = np.zeros((len(rows), len(names)))
    alone[np.arange(len(rows)), rows] = 1.0
    poses = [*alone] if len(rows) == 1 else [*alone, alone.sum(0)]
    for other in HELD.get(name, ()):
        if other in names:
            poses.append(poses[0] + np.eye(len(names))[names.index(other)])
    return np.stack(poses)


def _zones(model: HeadModel) -> list[_Zone]:
    topology = model.topology
    head, span = topology.part_slice("head"), topology.part_slice("eyes")
    quads, points = topology.part_faces("head"), model.mean[head]
    eyes = np.arange(span.start, span.stop)
    masks = [topology.region(name)[head] for name in FOLDING if name in topology.region_names]
    skin = np.max(masks, axis=0) > 0.1 if masks else np.ones(len(points), bool)
    out = []
    for (low, high), side in ((LEFT_EYE, 1.0), (RIGHT_EYE, -1.0), (MOUTH, 0.0)):
        inside = ((points > low) & (points < high)).all(1)
        kept = quads[inside[quads].all(1) & skin[quads].any(1)]
        eye = eyes[model.mean[eyes, 0] * side > 0]
        if len(kept):
            out.append(_Zone(kept, quads_to_triangles(kept), eye))
    return out


def _eyeball(points: np.ndarray) -> Ball | None:
    if len(points) < 4:
        return None
    centre = points.mean(0)
    return Ball(centre, float(np.median(np.linalg.norm(points - centre, axis=1))))


def _pulled_apart(
    zone: _Zone, around: np.ndarray, clean: np.ndarray, posed: np.ndarray, rest: np.ndarray, weights: np.ndarray,
    ball: Ball | None, share: float,
) -> np.ndarray:  # fmt: skip
    """(m, n, 3) mm corrections of the skin near vertices ``around`` after which poses (p, n, 3) mm cross less.

    Args:
        clean: (p, n, 3) mm the same poses of the mean head; rest: (n, 3) mm the mean head, open.
        weights: (p, m) of the corrected shapes in the poses; share: of ``_seal``.
    """
    patch = _patch_around(zone, around, len(rest))
    inside = patch.vertices
    clean, posed, change = clean[:, inside], posed[:, inside], np.zeros((weights.shape[1], len(inside), 3))
    # without the shift and the scale of the whole, what is left is how skin moves against skin
    clean = clean + (posed - clean).mean(1, keepdims=True)
    seal = _seal(patch, clean[-1], rest[inside], share)
    before = clean
    for k in range(STEPS):
        wanted = clean + (k + 1) / STEPS * (posed - clean)
        expected = wanted + np.einsum("pm,mzd->pzd", weights, change)
        found = [contacts(patch, a, b - a, gap=GAP) for a, b in zip(before, expected, strict=True)]
        pose = list(range(len(found)))
        if k == STEPS - 1:
            if ball:
                found += [ball.contacts(a, b) for a, b in zip(before, wanted, strict=True)]
                pose += range(len(wanted))
            found.append(seal)
            pose.append(len(wanted) - 1)
        pose = np.repeat(pose, [len(c.distance) for c in found])
        change = corrected(patch, joined(found), pose, wanted, weights)
        before = wanted + np.einsum("pm,mzd->pzd", weights, change)
    out = np.zeros((weights.shape[1], len(rest), 3))
    out[:, inside] = change
    return out


def _patch_around(zone: _Zone, vertices: np.ndarray, count: int) -> Patch:
    """The skin within some rings of vertices."""
    inside = np.zeros(count, bool)
    inside[vertices] = True
    for _ in range(RINGS):
        inside[zone.quads[inside[zone.quads].any(1)]] = True
    return make_patch(zone.quads, inside)


def _opened(zone: _Zone, clean: np.ndarray, posed: np.ndarray, rest: np.ndarray, share: float) -> np.ndarray:
    """Vertices of places that are together in the clean pose and farther apart in the other; all (n, 3) mm."""
    near = np.unique(zone.quads)
    position = np.full(len(rest), -1)
    position[near] = np.arange(len(near))
    patch = Patch(near, position[zone.triangles], unique_edges(position[zone.triangles]), np.zeros((0, 0)))
    seal = _seal(patch, clean[near], rest[near], share)
    places = np.einsum("ck,ckd->cd", seal.weights, posed[near][seal.vertices])
    wide = np.einsum("cd,cd->c", places, seal.normal) < seal.gap - 0.01
    return near[np.unique(seal.vertices[wide])]


def _seal(patch: Patch, points: np.ndarray, rest: np.ndarray, share: float) -> Contacts:
    """Places of the patch that are together when posed and apart at rest, held within a share of their distance."""
    found = contacts(patch, points, np.zeros_like(points), SEALED)
    apart = np.linalg.norm(np.einsum("ck,ckd->cd", found.weights, rest[found.vertices]), axis=1)
    kept = np.flatnonzero(apart > found.distance + PARTED)
    gap = -np.maximum(share * found.distance[kept], 2.0 * GAP)
    return Contacts(found.vertices[kept], found.weights[kept], -found.normal[kept], found.distance[kept], gap)
