"""The contact zones of the head: lips and lids that touch at rest and in the shapes, and never cross.

The lips of the source cross at rest: they are closed again from a mouth a little open. Each shape then goes from rest
to weight 1, together with the shapes that are used with it.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from ...core.image.filters import smoothstep
from ...core.mesh.contact_solver import REGULARISE
from ...core.mesh.contacts import GAP, Ball, Contacts, Patch, Seal, contacts, make_patch
from ...core.mesh.intersections import crossing_pairs
from ..population.sampled import mirrored
from ..sources.topology import SourceTopology
from .contact import untangled

MOUTH = ((-42.0, -100.0, 85.0), (42.0, -40.0, np.inf))  # mm: corners of the boxes whose skin is kept from crossing
LEFT_EYE = ((12.0, -18.0, 75.0), (52.0, 18.0, np.inf))
AJAR = 0.3  # weight of jawOpen at which the lips are apart
LASH_NEIGHBOURS = 4
# shapes that are corrected together, and the poses in which they must not cross: alone, and these
LID_SHAPES = ("eyeBlinkLeft", "eyeLookDownLeft", "eyeSquintLeft", "cheekSquintLeft")
SQUINTS = ("eyeSquintLeft", "cheekSquintLeft")  # go with a blink
LID_MARGIN, LID_DETOUR = (4.0, 6.5), 2.5  # mm that the blink lowers the margin of the lid, and that it makes room
EYE_CLEARANCE, LID_GAP = 0.15, 0.02  # mm
# mm: lips that are so near at rest, and that the jaw parts by more, are sealed when they are so much farther apart
CLOSED, PARTED, SEALED = 0.8, 3.0, 0.0


def untangled_rest(topology: SourceTopology, mean: np.ndarray, jaw_open: np.ndarray) -> np.ndarray:
    """(V, 3) mm the mean head with lips that touch and do not cross.

    Args:
        mean: (V, 3) mm, mirror-symmetric; jaw_open: (V, 3) mm, the shape as given.
    """
    patch = _patch(topology, mean, MOUTH)
    ajar = AJAR * jaw_open[None, patch.vertices]
    correction = untangled(
        patch, mean[patch.vertices] + ajar[0], -ajar, np.zeros((1, 1)), np.ones((1, 1)), _mirror(patch, topology, (0,))
    )
    out = mean.copy()
    out[patch.vertices] += correction[0]
    return out


def untangled_shapes(
    names: tuple[str, ...], deltas: np.ndarray, topology: SourceTopology, mean: np.ndarray
) -> np.ndarray:
    """(52, V, 3) mm shapes that do not cross at weight 1.

    Args:
        names, deltas: of the shapes (52,), (52, V, 3) mm, mirror-symmetric as a set.
        mean: (V, 3) mm without crossings.
    """
    deltas = deltas.copy()
    mouth, eye = _patch(topology, mean, MOUTH), _patch(topology, mean, LEFT_EYE)
    for group in _mouth_groups(names):
        rows = [names.index(name) for name in group]
        poses = np.concatenate([np.eye(len(rows)), np.ones((int(len(rows) > 1), len(rows)))])
        _correct(deltas, rows, np.zeros_like(poses), poses, mouth, topology, mean, tuple(range(len(rows)))[::-1])
    # mouthClose shuts an open jaw, and has to stay whole without: the open jaw gives way too
    rows = [names.index(name) for name in ("mouthClose", "jawOpen")]
    start, end = np.array([[0.0, 0.0], [0.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    seal = Seal(2, _closed_places(mouth, mean[mouth.vertices], deltas[rows[1], mouth.vertices]))
    _correct(deltas, rows, start, end, mouth, topology, mean, (0, 1), seal)
    ball = _left_eyeball(topology, mean)
    blink = names.index("eyeBlinkLeft")
    for name in LID_SHAPES:
        row = names.index(name)
        # the lower lid goes behind the upper one, which makes room half-way
        front = smoothstep(-deltas[blink, :, 1], *LID_MARGIN)[:, None] * (mean - ball.centre)
        aside = LID_DETOUR * front / np.linalg.norm(mean - ball.centre, axis=1, keepdims=True)
        poses = np.ones((1 + (name in SQUINTS), 1))
        held = np.stack([np.zeros_like(mean), deltas[blink]])[: len(poses)]
        _correct(
            deltas,
            [row],
            np.zeros_like(poses),
            poses,
            eye,
            topology,
            mean + held,
            ball=ball,
            detour=aside[None],
            gap=LID_GAP,
        )
        deltas[names.index(name[: -len("Left")] + "Right")] = mirrored(deltas[row], topology.mirror)
    return deltas


def lips_kept_together(
    topology: SourceTopology, mean: np.ndarray, jaw_open: np.ndarray, fields: np.ndarray
) -> np.ndarray:
    """(K, V, 3) mm displacement fields of the head, changed so that lips that touch at rest neither part nor cross.

    The least change, of the smoothness of ``contact_solver``, after which no field moves the places of the lips that
    touch on the mean head towards or from each other.

    Args:
        mean: (V, 3) mm without crossings; jaw_open: (V, 3) mm; fields: (K, V, 3) mm, of identity or age.
    """
    patch = _patch(topology, mean, MOUTH)
    found = _closed_places(patch, mean[patch.vertices], jaw_open[patch.vertices])
    count = len(found.distance)
    rows = np.repeat(np.arange(count), 4)
    selector = sparse.csr_matrix((found.weights.ravel(), (rows, found.vertices.ravel())), (count, len(patch.vertices)))
    spread = selector @ patch.response
    system = (selector @ spread.T).T * (found.normal @ found.normal.T)
    system += REGULARISE * np.trace(system) / count * np.eye(count)

    def change(moved: np.ndarray) -> np.ndarray:
        apart = np.einsum("ck,nckd,cd->cn", found.weights, moved[:, found.vertices], found.normal, optimize=True)
        return -np.einsum("cz,cd,cn->nzd", spread, found.normal, np.linalg.solve(system, apart), optimize=True)

    inside, (other, _) = patch.vertices, _mirror(patch, topology, (0,))
    moved, flip = fields[:, inside].astype(float), [-1.0, 1.0, 1.0]
    out = fields.astype(float)
    out[:, inside] += 0.5 * (change(moved) + change(moved[:, other] * flip)[:, other] * flip)
    return out


def _left_eyeball(topology: SourceTopology, mean: np.ndarray) -> Ball:
    points = mean[topology.part_slice("eyes")]
    points = points[points[:, 0] > 0]
    centre = points.mean(0)
    return Ball(centre, float(np.linalg.norm(points - centre, axis=1).max() + EYE_CLEARANCE))


def _closed_places(patch: Patch, points: np.ndarray, jaw_open: np.ndarray) -> Contacts:
    """Places of the lips that touch at rest (z, 3) mm and part as the jaw opens, with the distance that still seals."""
    found = contacts(patch, points, np.zeros_like(points), CLOSED)
    parted = np.linalg.norm(np.einsum("ck,ckd->cd", found.weights, jaw_open[found.vertices]), axis=1) > PARTED
    vertices, weights, normal = found.vertices[parted], found.weights[parted], found.normal[parted]
    return Contacts(vertices, weights, normal, found.distance[parted] + SEALED, found.gap[parted])


def _mouth_groups(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Names of shapes that may bring the lips together: pairs of sides, and shapes that are their own mirror image."""
    groups: list[tuple[str, ...]] = []
    for name in names:
        if name.startswith(("mouth", "cheekPuff", "jaw", "noseSneer")) and not name.endswith("Right"):
            sided = name.endswith("Left")
            groups.append((name, name[: -len("Left")] + "Right") if sided else (name,))
    return [group for group in groups if group != ("mouthClose",)]


def _correct(
    deltas: np.ndarray,
    rows: list[int],
    start: np.ndarray,
    end: np.ndarray,
    patch: Patch,
    topology: SourceTopology,
    mean: np.ndarray,
    mirroring: tuple[int, ...] = (),
    seal: Seal | None = None,
    ball: Ball | None = None,
    detour: np.ndarray | None = None,
    gap: float = GAP,
) -> None:
    """Correct shapes ``rows`` in place if a pose, of weights (p, len(rows)) at start and end, crosses.

    ``mean`` is (V, 3) mm, or (p, V, 3) with what else moves the skin in each pose.
    """
    head = topology.part_slice("head")
    triangles = patch.vertices[patch.triangles]
    posed = mean + np.einsum("pm,mvd->pvd", end, deltas[rows])
    if not any(len(crossing_pairs(points[head], triangles)) for points in posed):
        return
    inside = patch.vertices
    mirror = _mirror(patch, topology, mirroring) if mirroring else None
    correction = np.zeros((len(rows), *mean.shape[-2:]))
    aside = 0.0 if detour is None else detour[:, inside]
    correction[:, inside] = untangled(
        patch, mean[..., inside, :], deltas[rows][:, inside], start, end, mirror, seal, ball, aside, gap
    )
    lashes = np.arange(topology.part_slice("lashes").start, topology.part_slice("lashes").stop)
    rest = mean.reshape(-1, *mean.shape[-2:])[0]
    distance, nearest = cKDTree(rest[head]).query(rest[lashes], k=LASH_NEIGHBOURS)
    share = 1.0 / (distance + 0.1) ** 2
    share /= share.sum(1, keepdims=True)
    correction[:, lashes] = np.einsum("mlkd,lk->mld", correction[:, nearest], share)
    deltas[rows] += correction


def _patch(topology: SourceTopology, mean: np.ndarray, box: tuple[tuple[float, ...], tuple[float, ...]]) -> Patch:
    head = topology.part_slice("head")
    inside = ((mean[head] > box[0]) & (mean[head] < box[1])).all(1)
    return make_patch(topology.head_faces, inside)


def _mirror(patch: Patch, topology: SourceTopology, shapes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Patch vertex on the other side of each, of a patch that is its own mirror image; and the mirroring shapes."""
    return np.searchsorted(patch.vertices, topology.mirror[patch.vertices]), np.array(shapes)
