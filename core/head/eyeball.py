"""Eyes for close-ups: balls with a sunken iris, corneas over them, and the line of tears along the lower lids.

They take the place of the model's coarse balls, have the shape of those once subdivided, and are carried by them.
Their map shows the eye from the front (orthographic along the gaze axis): u = 0.5 + 0.5 sin(angle) across, v the same
upwards.
"""

from __future__ import annotations

import cv2
import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from ..mesh.carried import CarriedMesh, affine_carrier, grid_faces, merged
from ..mesh.operators import quads_to_triangles
from ..mesh.subdivision import subdivide
from .model import PARTS, HeadTopology
from .raster import rasterize

# radians by which irises sit below the axes of the balls, as the model's iris landmarks do, by which its gaze is
# fitted: the lids stand open 2.4 mm above and 5.6 mm below that axis, and an iris on it would stare upwards
BELOW = np.radians(5.0)
AHEAD = np.array([0.0, -np.sin(BELOW), np.cos(BELOW)])
UP = np.array([0.0, np.cos(BELOW), np.sin(BELOW)])
AROUND = 40  # vertices of a ring
# rings of the iris: share of its radius, and share of SUNK by which they lie below its edge
IRIS_RINGS = ((0.0, 0.85), (0.15, 0.85), (0.3, 0.87), (0.5, 0.9), (0.7, 0.95), (0.88, 1.0), (0.96, 0.7), (1.0, 0.0))
# mm below the plane of its edge: people's irises lie some 3 mm below the top of the cornea. Of that, this ball, larger
# than people's to fill the lids, has a third in its own curvature
SUNK = 1.1
# degrees from the edge of the iris
BALL_RINGS = (2.0, 5.0, 9.0, 14.0, 20.0, 27.0, 36.0, 47.0, 60.0, 75.0, 95.0, 118.0, 140.0, 159.0)
# mm by which the cornea stands out over the ball, at shares of its way from the middle to its border (degrees beyond
# the iris): lids close over the ball as it is, so that most of a cornea's height must lie in the sunken iris
CORNEA_RINGS = (0.0, 0.15, 0.3, 0.45, 0.6, 0.75, 0.88, 1.0)
CORNEA_HEIGHT, CORNEA_SUNK, CORNEA_BEYOND = 0.3, 0.06, 3.0
FEWEST = 24  # vertices of a ball; made-up meshes of fewer stay as they are
SURFACE_LEVELS = 3
# the line of tears: mm from the lid's margin to where it meets the ball, and by which its middle lies below the chord;
# a meniscus is 0.2 to 0.3 mm high, here a little more, to catch light at a distance
TEAR_HEIGHT, TEAR_HOLLOW, TEAR_OUTER, TEAR_OVER = 0.55, 0.05, 0.12, 0.02
TEAR_POINTS = 41
TEAR_PIXEL, WINDOW, LID_LEVELS = 0.1, 30.0, 2  # mm; mm around the ball's centre; of subdivision, as shown by default
CORNEA, TEARS = 0, 1  # slots of the wet mesh
BALL, CARUNCLE = 0, 1  # slots of the balls' mesh
# the caruncle: mm half across, up and forward, and from the inner corner of the lids' opening: towards the ball, back.
# People's is some 4 mm high and 3 mm wide, half of it behind the lids
CARUNCLE_SIZE, CARUNCLE_PLACE, CARUNCLE_GRID = (3.1, 2.5, 1.3), (0.2, 1.3), (9, 16)


def fine_eyes(
    topology: HeadTopology, neutral: np.ndarray, iris_diameter: float
) -> tuple[CarriedMesh, CarriedMesh] | None:
    """Balls, and the wet mesh of corneas and tears over them, carried by the whole head; None for meshes without balls.

    Args:
        neutral: (V, 3) mm.
        iris_diameter: mm.
    """
    part = topology.part_slice("eyes")
    eyes = neutral[part].astype(np.float64)
    fine = subdivide(topology.part_faces("eyes") - part.start, len(eyes), SURFACE_LEVELS).matrix @ eyes
    balls: list[CarriedMesh] = []
    wet: list[CarriedMesh] = []
    tears: list[CarriedMesh] = []
    caruncles: list[CarriedMesh] = []
    for side in (1.0, -1.0):
        own = np.flatnonzero(eyes[:, 0] * side > 0)
        if len(own) < FEWEST:
            return None
        surface = fine[fine[:, 0] * side > 0]
        centre = ball_centre(surface)
        angle = iris_angle(surface, iris_diameter)
        radius = np.linalg.norm(surface - centre, axis=1).mean()
        for made, rings, back in (
            (balls, _ball(surface, centre, angle), -radius * AHEAD),
            (wet, _cornea(surface, centre, angle), None),
        ):
            points, faces = _around_axis(rings, back)
            carrier = affine_carrier(points + centre, eyes[own], part.start + own, len(neutral))
            slot = np.full(len(faces), CORNEA, np.int32)
            made.append(CarriedMesh(points + centre, faces, front_map(points, radius)[faces], carrier, slot))
        lid, lid_carrier = _lower_margin(topology, neutral.astype(np.float64), surface, centre)
        if len(lid) >= TEAR_POINTS:
            tears.append(_tears(lid, lid_carrier, surface, centre))
            caruncles.append(_caruncle(lid, lid_carrier, centre))
    return merged(balls + caruncles), merged(wet + tears)


def front_map(points: np.ndarray, radius: float) -> np.ndarray:
    """(n, 2) u, v of points (n, 3) mm from the centre of a ball, as seen along the gaze axis; its back on the rim."""
    across = np.column_stack([points @ np.cross(UP, AHEAD), points @ UP]) / radius
    length = np.linalg.norm(across, axis=1)
    behind = (points @ AHEAD < 0) | (length > 1.0)
    across[behind] /= np.maximum(length[behind], 1e-9)[:, None]
    return 0.5 + 0.5 * across


def ball_centre(points: np.ndarray) -> np.ndarray:
    """(3,) centre of the sphere that fits points (n, 3) best: |p|^2 = 2 c.p + (r^2 - |c|^2), linear least squares."""
    middle = points.mean(0)
    local = (points - middle).astype(np.float64)
    system = np.column_stack([2.0 * local, np.ones(len(local))])
    return middle + np.linalg.lstsq(system, (local**2).sum(1), rcond=None)[0][:3]


def iris_angle(ball: np.ndarray, iris_diameter: float) -> float:
    """Radians between gaze axis and edge of an iris (mm across), seen from the centre of a ball of points (n, 3) mm."""
    radius = np.linalg.norm(ball - ball_centre(ball), axis=1).mean()
    return float(np.arcsin(min(0.5 * iris_diameter / radius, 1.0)))


def _ball(surface: np.ndarray, centre: np.ndarray, iris: float) -> np.ndarray:
    """(rings, AROUND, 3) mm from the centre: the middle of the iris first."""
    edge = _shell(surface, centre, np.array([iris]))[0]
    height = edge @ AHEAD
    share, sunk = np.array(IRIS_RINGS).T[:, :, None]
    level = height.mean() + share**8 * (height - height.mean()) - SUNK * sunk
    disc = share[..., None] * (edge - height[:, None] * AHEAD) + level[..., None] * AHEAD
    return np.concatenate([disc, _shell(surface, centre, iris + np.radians(BALL_RINGS))])


def _cornea(surface: np.ndarray, centre: np.ndarray, iris: float) -> np.ndarray:
    """(rings, AROUND, 3) mm from the centre: its middle first, its border below the surface of the ball."""
    share = np.array(CORNEA_RINGS)
    shell = _shell(surface, centre, share * (iris + np.radians(CORNEA_BEYOND)))
    height = (CORNEA_HEIGHT + CORNEA_SUNK) * (1.0 - share**2) ** 2 - CORNEA_SUNK  # its border runs along the ball
    return shell * (1.0 + height[:, None, None] / np.linalg.norm(shell, axis=-1, keepdims=True))


def _shell(surface: np.ndarray, centre: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """(rings, AROUND, 3) mm from the centre: the ball's surface at angles (rings,) from the gaze axis."""
    turn = 2.0 * np.pi * np.arange(AROUND) / AROUND
    across = np.cos(turn)[:, None] * np.cross(UP, AHEAD) + np.sin(turn)[:, None] * UP
    unit = np.sin(angles)[:, None, None] * across + np.cos(angles)[:, None, None] * AHEAD
    return unit * _reach(surface, centre, unit)[..., None]


def _reach(surface: np.ndarray, centre: np.ndarray, unit: np.ndarray) -> np.ndarray:
    """(...) mm from the centre to the ball's surface along directions (..., 3)."""
    length = np.linalg.norm(surface - centre, axis=1)
    away, near = cKDTree((surface - centre) / length[:, None]).query(unit, k=6)
    weight = 1.0 / (away + 0.02) ** 2
    return (weight * length[near]).sum(-1) / weight.sum(-1)


def _around_axis(rings: np.ndarray, back: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) points and (f, 4) faces of rings (r, a, 3), of which the first is one point; closed at ``back``."""
    points, count = rings[1:].reshape(-1, 3), rings.shape[1]
    around, after = np.arange(count), (np.arange(count) + 1) % count
    pole = np.full(count, len(points))
    fans = [np.column_stack([pole, around, after, after])]
    ends = [rings[0, 0]]
    if back is not None:
        last = len(points) - count
        fans.append(np.column_stack([pole + 1, last + after, last + around, last + around]))
        ends.append(back)
    quads = grid_faces(len(rings) - 1, count, closed=True)[:, ::-1]
    return np.concatenate([points, np.array(ends)]), np.concatenate([quads, *fans]).astype(np.int32)


def _caruncle(lid: np.ndarray, carrier: sparse.csr_matrix, centre: np.ndarray) -> CarriedMesh:
    """The pink lump in the inner corner of the eye, carried by the skin there.

    Args:
        lid: (n, 3) mm of the lower lid's margin; carrier: (n, V) its weights; centre: (3,) of the ball.
    """
    inner = int(np.argmin(np.abs(lid[:, 0])))
    towards, back = CARUNCLE_PLACE
    middle = lid[inner] + [towards * np.sign(centre[0]), 0.5 * CARUNCLE_SIZE[1], -back]
    rings, around = CARUNCLE_GRID
    polar = np.linspace(0.0, 0.6 * np.pi, rings)[:, None]
    turn = 2.0 * np.pi * np.arange(around) / around
    unit = np.stack(np.broadcast_arrays(np.sin(polar) * np.cos(turn), np.sin(polar) * np.sin(turn), np.cos(polar)), -1)
    points, faces = _around_axis(unit * CARUNCLE_SIZE, None)
    points += middle
    uv = np.tile(np.array([0.5, 0.02]), (len(faces), 4, 1))
    weights = carrier[[inner] * len(points)]
    return CarriedMesh(points, faces, uv, weights, np.full(len(faces), CARUNCLE, np.int32))


def _tears(lid: np.ndarray, carrier: sparse.csr_matrix, surface: np.ndarray, centre: np.ndarray) -> CarriedMesh:
    """The strip of tears between the ball and the lower lid's margin (n, 3) mm, of weights (n, V)."""
    steps = np.linspace(0, len(lid) - 1, TEAR_POINTS).round().astype(int)
    lid, carrier = lid[steps], carrier[steps]
    taper = np.sin(np.pi * np.linspace(0.05, 0.95, TEAR_POINTS))[:, None] ** 0.5
    outward = (lid - centre) / np.linalg.norm(lid - centre, axis=1, keepdims=True)
    high = lid + TEAR_HEIGHT * taper * [0.0, 1.0, 0.0] - centre
    high /= np.linalg.norm(high, axis=1, keepdims=True)
    high = centre + high * (_reach(surface, centre, high) + TEAR_OVER)[:, None]
    low = lid + TEAR_OUTER * (outward - [0.0, 1.0, 0.0])
    points = np.concatenate([low, 0.5 * (low + high) - TEAR_HOLLOW * outward, high])
    faces = grid_faces(3, TEAR_POINTS)
    u, v = np.meshgrid(np.linspace(0.0, 1.0, TEAR_POINTS), (0.0, 0.5, 1.0))
    uv = np.column_stack([u.ravel(), v.ravel()])[faces]
    carrier = sparse.vstack([carrier] * 3, format="csr")
    return CarriedMesh(points, faces, uv, carrier, np.full(len(faces), TEARS, np.int32))


def _lower_margin(
    topology: HeadTopology, neutral: np.ndarray, surface: np.ndarray, centre: np.ndarray
) -> tuple[np.ndarray, sparse.csr_matrix]:
    """(n, 3) mm of the lower lid where it meets the ball as seen from the front, from one corner to the other, and the
    (n, V) weights that carry them. The lid is the subdivided skin around; at the corners the ends are left out."""
    quads = topology.part_faces(PARTS[0])
    quads = quads[(np.abs(neutral[quads] - centre) < WINDOW).all((1, 2))]
    used, index = np.unique(quads, return_inverse=True)
    fine = subdivide(index.reshape(-1, 4), len(used), LID_LEVELS)
    skin = quads_to_triangles(fine.faces)
    points = np.concatenate([fine.matrix @ neutral[used], surface])
    size = int(2 * WINDOW / TEAR_PIXEL)
    xy = (points[:, :2] - centre[:2]) * [1.0, -1.0] / TEAR_PIXEL + size / 2
    shown, shares = rasterize(xy, -points[:, 2], skin, size, size, perspective=False)
    x, y = (np.mgrid[:size, :size][::-1] + 0.5 - size / 2) * TEAR_PIXEL
    radius = np.linalg.norm(surface - centre, axis=1).mean()
    front = np.sqrt(np.maximum(radius**2 - x**2 - y**2, 0.0))
    covered = shown >= 0
    depth = np.where(covered, np.einsum("hwk,hwk->hw", shares, points[skin[shown], 2]) - centre[2], -np.inf)
    seen = (np.hypot(x, y) < radius) & (depth < front)
    label = cv2.connectedComponents(seen.astype(np.uint8))[1]
    seen = label == max(label[size // 2, size // 2], 1)
    columns = np.flatnonzero(seen.any(0))
    rows = np.minimum(size - np.argmax(seen[::-1, columns], axis=0), size - 1)  # the first of the lid below
    good = covered[rows, columns]
    rows, columns = rows[good], columns[good]
    corners, weights = skin[shown[rows, columns]], shares[rows, columns].astype(np.float64)
    lid = np.einsum("nk,nkd->nd", weights, points[corners])
    at = sparse.csr_matrix(
        (weights.ravel(), (np.repeat(np.arange(len(lid)), 3), corners.ravel())), shape=(len(lid), fine.matrix.shape[0])
    )
    spread = sparse.csr_matrix((np.ones(len(used)), (np.arange(len(used)), used)), shape=(len(used), len(neutral)))
    return lid, at @ fine.matrix @ spread
