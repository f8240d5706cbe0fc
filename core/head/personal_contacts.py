"""Personal shapes whose skin does not cross itself: lips and lids of a fitted head.

The shapes of the model do not cross on its mean head. Transferred to a head of other proportions, lips and lids pass
through each other a little. Where they do, the skin around is taken from the mean head in the same pose, where it is
whole, to the fitted head's in a few steps, and kept apart on the way; places that the shape brings together stay so.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from ..mesh.contact_solver import corrected, joined
from ..mesh.contacts import Ball, Contacts, Patch, candidates, contacts, contacts_among, make_patch
from ..mesh.intersections import CrossingSearch, crossing_search
from ..mesh.operators import unique_edges
from .model import HeadModel
from .model_cache import kept_for_last_model

MOUTH = ((-45.0, -107.0, 80.0), (45.0, -43.0, np.inf))  # mm on the mean head: corners of the boxes that are looked at
LEFT_EYE = ((10.5, -21.5, 75.0), (55.5, 21.5, np.inf))
RIGHT_EYE = ((-55.5, -21.5, 75.0), (-10.5, 21.5, np.inf))
# regions of the skin within them
FOLDING = (
    "lips", "mouth_inner", "upper_lip", "lower_lip", "mouth_corner", "upper_lid", "lower_lid", "eye_socket_inner",
    "under_eye",
)  # fmt: skip
# shapes that are corrected together, and sets of shapes that must be whole on their way
TOGETHER = (("mouthSmileLeft", "mouthSmileRight"),)
HELD = {
    "mouthClose": ("jawOpen",),
    "eyeSquintLeft": ("eyeBlinkLeft",), "eyeSquintRight": ("eyeBlinkRight",),
    "cheekSquintLeft": ("eyeBlinkLeft",), "cheekSquintRight": ("eyeBlinkRight",),
}  # fmt: skip
STILL = 0.25  # mm: a shape that moves skin against skin less is not looked at
STEPS = (2, 4, 8, 12)  # from the mean head to the fitted one, in each round of what still crosses
GAP, REST_GAP = 0.03, 0.08  # mm kept between skin and skin, and at rest
REACH = 0.2
RINGS = 2  # of vertices around a crossing that may give way
FARTHEST = 2.0  # mm: a shape that would have to change more than this is only made whole with what it is held with
SEALED, PARTED = 0.8, 1.0  # mm between places that count as together when posed, and as apart at rest
# shapes that are sealed where nothing crosses too, and what they shut
SHUTTING: dict[str, tuple[str, ...]] = {"eyeBlinkLeft": (), "eyeBlinkRight": (), "mouthClose": ("jawOpen",)}
# share of their distance on the mean head that sealed lids keep, and mm at most, on heads so many mm from the mean one
CLOSER, WIDEST, OTHER = 0.5, 0.25, 1.0


@dataclass(frozen=True)
class _Zone:
    """Skin that is looked at; indices are into its own vertices.

    Attributes:
        vertices: (z,) of the head; quads: (F, 4); search: for its crossings; patch: all of it.
        mean: (z, 3) mm; basis: (52, z, 3) mm, the model's own head and shapes.
        eye: vertices of the eyeball behind it.
        seals: of each shape that shuts something, the places that are together on the mean head.
    """

    vertices: np.ndarray
    quads: np.ndarray
    search: CrossingSearch
    patch: Patch
    mean: np.ndarray
    basis: np.ndarray
    eye: np.ndarray
    seals: dict[str, Contacts]


def kept_apart(model: HeadModel, neutral: np.ndarray, deltas: np.ndarray) -> np.ndarray:
    """(52, n, 3) mm shapes of the skin without crossings of lips and lids at weight 1, as far as that goes.

    Args:
        model: head model, whose own shapes do not cross.
        neutral: (V, 3) mm; deltas: (52, n, 3) mm, shapes of the skin's n vertices.
    """
    deltas = deltas.copy()
    other = float(np.abs(neutral - model.mean)[model.topology.part_slice("head")].max()) / OTHER
    for zone in _zones(model):
        ball = _eyeball(neutral[zone.eye])
        rest, own = neutral[zone.vertices].astype(float), np.ascontiguousarray(deltas[:, zone.vertices], float)
        for name in _moving(zone, model.expression_names):
            own = _whole(zone, model.expression_names, name, rest, own, ball, min(other, 1.0))
        deltas[:, zone.vertices] = own
    return deltas


def rest_kept_apart(model: HeadModel, neutral: np.ndarray) -> np.ndarray:
    """(V, 3) mm the neutral head without crossings of lips and lids, as far as that goes.

    Args:
        model: head model, whose mean head does not cross.
        neutral: (V, 3) mm.
    """
    out = neutral.copy()
    for zone in _zones(model):
        for steps in STEPS:
            rest = out[zone.vertices].astype(float)
            found = np.unique(zone.search.triangles[zone.search.pairs(rest)])
            if not len(found):
                break
            ball, weights = _eyeball(out[zone.eye]), np.ones((1, 1))
            change = _pulled_apart(zone, found, zone.mean[None], rest[None], weights, steps, ball, gap=REST_GAP)
            out[zone.vertices] += change[0]
    return out


def _whole(
    zone: _Zone, names: tuple[str, ...], name: str, rest: np.ndarray, deltas: np.ndarray, ball: Ball | None,
    other: float,
) -> np.ndarray:  # fmt: skip
    """(52, z, 3) mm shapes of a zone of which the named one, and what is corrected with it, crosses no more."""
    rows = _rows(name, names)
    poses = _poses(name, names, rows)
    own = poses[:, rows]
    clean = zone.mean + _combined(poses, zone.basis)
    seal = _held_within(zone.seals[name], other * (name not in HELD)) if name in zone.seals else None
    for steps in STEPS:
        posed = rest + _combined(poses, deltas)
        found = np.unique(zone.search.triangles[np.concatenate([zone.search.pairs(points) for points in posed])])
        if seal is not None:
            found = np.union1d(found, _opened(seal, posed[-1]))
        if not len(found):
            break
        change = _pulled_apart(zone, found, clean, posed, own, steps, ball, seal)
        if name in HELD and np.abs(change).max() > FARTHEST:
            # not both: what is used together matters more
            poses, own, clean, posed = poses[1:], own[1:], clean[1:], posed[1:]
            change = _pulled_apart(zone, found, clean, posed, own, steps, ball, seal)
        deltas = deltas.copy()
        deltas[rows] += change
    return deltas


def _combined(weights: np.ndarray, shapes: np.ndarray) -> np.ndarray:
    """(p, z, 3) sums of shapes (m, z, 3) with weights (p, m)."""
    return (weights @ shapes.reshape(len(shapes), -1)).reshape(-1, *shapes.shape[1:])


def _moving(zone: _Zone, names: tuple[str, ...]) -> list[str]:
    """Names of the shapes that move the zone's skin, one of those corrected together; what is held comes last."""
    out = []
    for name in sorted(names, key=lambda name: name in HELD):
        rows = _rows(name, names)
        if name == names[rows[0]] and np.ptp(zone.basis[rows], axis=1).max() >= 2.0 * STILL:
            out.append(name)
    return out


def _rows(name: str, names: tuple[str, ...]) -> list[int]:
    """Indices of the shape and of those that are corrected with it."""
    group = next((group for group in TOGETHER if name in group), (name,))
    return [names.index(n) for n in group if n in names]


def _poses(name: str, names: tuple[str, ...], rows: list[int]) -> np.ndarray:
    """(p, 52) weights: each of the shapes alone, all at once, and with what they are held with."""
    alone = np.zeros((len(rows), len(names)))
    alone[np.arange(len(rows)), rows] = 1.0
    poses = [*alone] if len(rows) == 1 else [*alone, alone.sum(0)]
    for other in HELD.get(name, ()):
        if other in names:
            poses.append(poses[0] + np.eye(len(names))[names.index(other)])
    return np.stack(poses)


@kept_for_last_model
def _zones(model: HeadModel) -> list[_Zone]:
    topology, names = model.topology, model.expression_names
    head, span = topology.part_slice("head"), topology.part_slice("eyes")
    quads, points = topology.part_faces("head"), model.mean[head]
    eyes = np.arange(span.start, span.stop)
    masks = [topology.region(name)[head] for name in FOLDING if name in topology.region_names]
    skin = np.max(masks, axis=0) > 0.1 if masks else np.ones(len(points), bool)
    out = []
    for (low, high), side in ((LEFT_EYE, 1.0), (RIGHT_EYE, -1.0), (MOUTH, 0.0)):
        inside = ((points > low) & (points < high)).all(1)
        kept = quads[inside[quads].all(1) & skin[quads].any(1)]
        if len(kept):
            vertices = np.unique(kept)
            patch = make_patch(quads, np.isin(np.arange(len(points)), vertices))
            mean = points[vertices].astype(float)
            basis = np.ascontiguousarray(model.expression_basis[:, vertices], float)
            own = np.searchsorted(vertices, kept)
            search = crossing_search(own, len(vertices))
            patch = Patch(vertices, search.triangles, unique_edges(search.triangles), patch.response)
            shut = [name for name in SHUTTING if name in names and np.abs(basis[names.index(name)]).max() > PARTED]
            seals = {name: _seal(patch, mean, basis, names, name) for name in shut}
            out.append(_Zone(vertices, own, search, patch, mean, basis, eyes[model.mean[eyes, 0] * side > 0], seals))
    return out


def _seal(patch: Patch, mean: np.ndarray, basis: np.ndarray, names: tuple[str, ...], name: str) -> Contacts:
    """Places of the mean head that are together in the last pose of a shape and apart when open."""
    rest = mean + sum(basis[names.index(other)] for other in SHUTTING[name] if other in names)
    posed = mean + np.tensordot(_poses(name, names, _rows(name, names))[-1], basis, 1)
    found = contacts(patch, posed, np.zeros_like(posed), SEALED)
    apart = np.linalg.norm(np.einsum("ck,ckd->cd", found.weights, rest[found.vertices]), axis=1)
    kept = apart > found.distance + PARTED
    return Contacts(*(getattr(found, field.name)[kept] for field in fields(Contacts)))


def _held_within(seal: Contacts, other: float) -> Contacts:
    """A seal whose places stay within their distance on the mean head, or as ``other`` goes from 0 to 1 much nearer."""
    nearer = np.minimum(CLOSER * seal.distance, WIDEST)
    widest = np.maximum((1.0 - other) * seal.distance + other * nearer, 2.0 * GAP)
    # a gap that is at most wide is one that is at least -wide the other way
    return replace(seal, normal=-seal.normal, gap=-widest)


def _opened(seal: Contacts, posed: np.ndarray) -> np.ndarray:
    """Vertices of places that are farther apart in the pose (z, 3) mm than the seal lets them."""
    places = np.einsum("ck,ckd->cd", seal.weights, posed[seal.vertices])
    wide = np.einsum("cd,cd->c", places, seal.normal) < seal.gap - 0.01
    return np.unique(seal.vertices[wide])


def _eyeball(points: np.ndarray) -> Ball | None:
    if len(points) < 4:
        return None
    centre = points.mean(0)
    return Ball(centre, float(np.median(np.linalg.norm(points - centre, axis=1))))


def _pulled_apart(
    zone: _Zone, around: np.ndarray, clean: np.ndarray, posed: np.ndarray, weights: np.ndarray, steps: int,
    ball: Ball | None, seal: Contacts | None = None, gap: float = GAP,
) -> np.ndarray:  # fmt: skip
    """(m, z, 3) mm corrections of the skin near vertices ``around`` after which poses (p, z, 3) mm cross less.

    Args:
        clean: (p, z, 3) mm the same poses of the mean head.
        weights: (p, m) of the corrected shapes in the poses.
        seal: places that are kept together in the last pose; gap: mm kept between others.
    """
    patch, inside = _patch_around(zone, around)
    # without the shift of the whole, what is left is how skin moves against skin
    clean = clean + (posed - clean)[:, inside].mean(1, keepdims=True)
    among = [candidates(patch, a, b - a, REACH) for a, b in zip(clean, posed, strict=True)]
    change = np.zeros((weights.shape[1], *posed.shape[1:]))
    before = clean
    for k in range(steps):
        wanted = clean + (k + 1) / steps * (posed - clean)
        expected = wanted + _combined(weights, change)
        ways = zip(among, before, expected - before, strict=True)
        found = [contacts_among(patch, *way, REACH, gap) for way in ways]
        poses = list(range(len(found)))
        if k == steps - 1:
            if ball:
                found += [ball.contacts(a, b) for a, b in zip(before, wanted, strict=True)]
                poses += range(len(wanted))
            if seal is not None:
                found.append(seal)
                poses.append(len(wanted) - 1)
        pose = np.repeat(poses, [len(c.distance) for c in found])
        change = corrected(patch, joined(found), pose, wanted, weights)
        before = wanted + _combined(weights, change)
    return change


def _patch_around(zone: _Zone, vertices: np.ndarray) -> tuple[Patch, np.ndarray]:
    """The zone with only the triangles and edges within some rings of vertices, and whether a vertex is there (z,)."""
    inside = np.zeros(len(zone.vertices), bool)
    inside[vertices] = True
    for _ in range(RINGS):
        inside[zone.quads[inside[zone.quads].any(1)]] = True
    triangles, edges = zone.patch.triangles, zone.patch.edges
    return replace(zone.patch, triangles=triangles[inside[triangles].all(1)], edges=edges[inside[edges].all(1)]), inside
