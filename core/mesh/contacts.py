"""Where skin is near other skin, or comes near it: vertices and triangles, edges and edges.

Each such pair is a contact, with the direction that separates its two places. As long as a motion keeps a gap along
that direction the two do not pass through each other.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse
from scipy.linalg import lapack

from .intersections import meeting, meeting_boxes, meeting_pairs
from .operators import quads_to_triangles, unique_edges

GAP = 0.05  # mm kept between skin and skin
SPREAD = 1.5  # how far a correction spreads, in squared edges
REACH = 0.35  # mm beyond a pair's own approach in which contacts are looked for
BALL_REACH = 1.0  # mm


@dataclass(frozen=True)
class Contacts:
    """Pairs of near places on the skin: of a vertex and a triangle, or of two edges.

    Attributes:
        vertices: (c, 4) of each; weights: (c, 4) signed barycentric weights, those of either side sum to 1 and -1.
        normal: (c, 3) unit vector from the second place to the first; distance: (c,) mm between them.
        gap: (c,) mm, what is kept of that along the normal.
    """

    vertices: np.ndarray
    weights: np.ndarray
    normal: np.ndarray
    distance: np.ndarray
    gap: np.ndarray


@dataclass(frozen=True)
class Ball:
    """What no correction pushes the skin into: centre (3,) and radius in mm."""

    centre: np.ndarray
    radius: float

    def contacts(self, points: np.ndarray, wanted: np.ndarray) -> Contacts:
        """Contacts of points (z, 3) mm near the ball on their way to ``wanted`` (z, 3); none is pushed out of it."""
        away = points - self.centre
        distance = np.linalg.norm(away, axis=1)
        normal = away / np.maximum(distance, 1e-9)[:, None]
        reached = np.einsum("zd,zd->z", normal, wanted - self.centre)
        close = np.minimum(distance, reached) < self.radius + BALL_REACH
        near = np.flatnonzero((distance > 0.5 * self.radius) & close)
        floor = np.minimum(reached[near], self.radius)
        ones = np.ones(len(near))
        return Contacts(
            np.repeat(near[:, None], 4, axis=1),
            ones[:, None] * [1.0, 0.0, 0.0, 0.0],
            normal[near],
            distance[near],
            floor + normal[near] @ self.centre,
        )


@dataclass(frozen=True)
class Seal:
    """Places that have to stay together at the end of one pose.

    Attributes:
        pose: index of the pose; contacts: the places, and the widest distance at which they count as together.
    """

    pose: int
    contacts: Contacts

    def eased(self, points: np.ndarray, share: float) -> Contacts:
        """Contacts that close, but for a share of how far the places of points (z, 3) mm are too wide now."""
        found = self.contacts
        places = np.einsum("ck,ckd->cd", found.weights, points[found.vertices])
        excess = np.einsum("cd,cd->c", places, found.normal) - found.distance
        widest = found.distance + np.clip(share, 0.0, 1.0) * np.maximum(excess, 0.0)
        # a gap that is at most wide is one that is at least -wide the other way
        return replace(found, normal=-found.normal, gap=-widest)


@dataclass(frozen=True)
class Patch:
    """The part of the mesh that is kept from crossing itself.

    Attributes:
        vertices: (z,) of the mesh; the other arrays index into these.
        triangles: (t, 3); edges: (e, 2).
        response: (z, z) inverse of K.
    """

    vertices: np.ndarray
    triangles: np.ndarray
    edges: np.ndarray
    response: np.ndarray


def make_patch(quads: np.ndarray, inside: np.ndarray) -> Patch:
    """The patch of vertices ``inside`` (n,) bool of a mesh of quads (F, 4); corrections fade out at its border."""
    vertices = np.flatnonzero(inside)
    position = np.full(len(inside), -1)
    position[vertices] = np.arange(len(vertices))
    quads = quads[inside[quads].any(1)]
    faces = position[quads]
    edges = unique_edges(quads)
    count = len(inside)
    graph = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    graph = (graph + graph.T).tocsr()
    laplacian = sparse.diags(np.asarray(graph.sum(1)).ravel()) - graph
    # rows of the whole mesh: neighbours outside the patch do not move
    root = sparse.eye(len(vertices)) + SPREAD * laplacian[vertices][:, vertices]
    triangles = quads_to_triangles(faces[(faces >= 0).all(1)])
    return Patch(vertices, triangles, unique_edges(triangles), _inverse((root @ root).toarray()))


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric positive definite matrix."""
    factor, _ = lapack.dpotrf(matrix)
    # zero below the diagonal, as the factor is
    upper, _ = lapack.dpotri(factor)
    return upper + upper.T - np.diag(np.diagonal(upper))


@dataclass(frozen=True)
class Candidates:
    """Which vertices and triangles (a,), (a,), and which edges (b,), (b,), of a patch may come near each other."""

    vertex: np.ndarray
    triangle: np.ndarray
    edge: np.ndarray
    other_edge: np.ndarray


def candidates(patch: Patch, points: np.ndarray, motion: np.ndarray, reach: float = REACH) -> Candidates:
    """Parts of the patch that come nearer than ``reach`` mm as points (z, 3) go by ``motion`` (z, 3), and some more."""
    low, high = _swept(points, motion - motion.mean(0), reach)
    corners, edges = patch.triangles, patch.edges
    used = np.unique(corners)
    vertex, triangle = meeting_boxes(low[used], high[used], *_boxes(low, high, corners))
    vertex = used[vertex]
    apart = ~_any(corners[:, k].take(triangle) == vertex for k in range(3))
    first, second = meeting_pairs(*_boxes(low, high, edges))
    free = ~_any(edges[:, i].take(first) == edges[:, j].take(second) for i in (0, 1) for j in (0, 1))
    return Candidates(vertex[apart], triangle[apart], first[free], second[free])


def _any(conditions: Iterable[np.ndarray]) -> np.ndarray:
    return functools.reduce(np.logical_or, conditions)


def contacts(patch: Patch, points: np.ndarray, motion: np.ndarray, reach: float = REACH, gap: float = GAP) -> Contacts:
    """Places nearer than ``reach`` mm, or that could meet as points (z, 3) go by ``motion`` (z, 3); keep ``gap``."""
    return contacts_among(patch, candidates(patch, points, motion, reach), points, motion, reach, gap)


def contacts_among(
    patch: Patch, among: Candidates, points: np.ndarray, motion: np.ndarray, reach: float = REACH, gap: float = GAP
) -> Contacts:
    """Those of the candidates that are contacts, as ``contacts`` says."""
    motion = motion - motion.mean(0)
    low, high = _swept(points, motion, reach)
    parts = [_vertex_triangle(patch, among, points, low, high), _edge_edge(patch, among, points, low, high)]
    vertices, weights = (np.concatenate(both) for both in zip(*parts, strict=True))
    offset = np.einsum("ck,ckd->cd", weights, points[vertices])
    distance = np.linalg.norm(offset, axis=1)
    approach = np.linalg.norm(np.einsum("ck,ckd->cd", weights, motion[vertices]), axis=1)
    near = (distance < reach + 1.5 * approach) & (distance > 1e-7)
    vertices, weights, offset, distance = vertices[near], weights[near], offset[near], distance[near]
    return Contacts(vertices, weights, offset / distance[:, None], distance, np.full(len(distance), gap))


def _swept(points: np.ndarray, motion: np.ndarray, reach: float) -> tuple[np.ndarray, np.ndarray]:
    return np.minimum(points, points + motion) - reach, np.maximum(points, points + motion) + reach


def _boxes(low: np.ndarray, high: np.ndarray, faces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (f, 3), (f, 3) around the boxes of the corners of faces (f, k)."""
    lowest, highest = low.take(faces[:, 0], 0), high.take(faces[:, 0], 0)
    for k in range(1, faces.shape[1]):
        lowest = np.minimum(lowest, low.take(faces[:, k], 0))
        highest = np.maximum(highest, high.take(faces[:, k], 0))
    return lowest, highest


def _vertex_triangle(
    patch: Patch, among: Candidates, points: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    boxes = _boxes(low, high, patch.triangles)
    vertex, triangle = meeting(among.vertex, among.triangle, (0, 1, 2), low, high, *boxes)
    corners = patch.triangles.take(triangle, 0)
    weights = closest_on_triangle(points.take(vertex, 0), points.take(corners, 0))
    return np.column_stack([vertex, corners]), np.column_stack([np.ones(len(vertex)), -weights])


def _edge_edge(
    patch: Patch, among: Candidates, points: np.ndarray, low: np.ndarray, high: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    boxes = _boxes(low, high, patch.edges)
    first, second = meeting(among.edge, among.other_edge, (0, 1, 2), *boxes, *boxes)
    one, other = patch.edges.take(first, 0), patch.edges.take(second, 0)
    s, t, within = closest_on_segments(*(points.take(ends, 0) for ends in (*one.T, *other.T)))
    one, other, s, t = one[within], other[within], s[within], t[within]
    weights = np.column_stack([1 - s, s, t - 1, -t])
    return np.column_stack([one, other]), weights


def closest_on_triangle(points: np.ndarray, corners: np.ndarray) -> np.ndarray:
    """(c, 3) barycentric weights of the closest place on triangle (c, 3, 3) to each point (c, 3)."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    ab, ac, ap = b - a, c - a, points - a

    def dot(u: np.ndarray, v: np.ndarray) -> np.ndarray:
        return np.einsum("cd,cd->c", u, v)

    bb, bc, cc, pb, pc = dot(ab, ab), dot(ab, ac), dot(ac, ac), dot(ap, ab), dot(ap, ac)
    area = np.maximum(bb * cc - bc**2, 1e-12)
    v, w = (cc * pb - bc * pc) / area, (bb * pc - bc * pb) / area
    inside = np.column_stack([1 - v - w, v, w])
    best, least = inside, np.where((inside >= 0).all(1), 0.0, np.inf)
    for i, j in ((0, 1), (1, 2), (2, 0)):
        edge = corners[:, j] - corners[:, i]
        t = np.clip(dot(points - corners[:, i], edge) / np.maximum(dot(edge, edge), 1e-12), 0, 1)
        away = np.linalg.norm(points - corners[:, i] - t[:, None] * edge, axis=1)
        on_edge = np.zeros_like(inside)
        on_edge[:, i], on_edge[:, j] = 1 - t, t
        closer = away < least
        best = np.where(closer[:, None], on_edge, best)
        least = np.where(closer, away, least)
    return best


def closest_on_segments(
    a: np.ndarray, b: np.ndarray, c: np.ndarray, d: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Places (c,) in [0, 1] on segments a-b, c-d (c, 3) where their lines are closest, and whether both lie inside."""
    u, v, w = b - a, d - c, a - c
    uu, uv, vv = (u * u).sum(1), (u * v).sum(1), (v * v).sum(1)
    uw, vw = (u * w).sum(1), (v * w).sum(1)
    area = uu * vv - uv**2
    safe = np.maximum(area, 1e-12)
    s, t = (uv * vw - vv * uw) / safe, (uu * vw - uv * uw) / safe
    # where the closest place is an end, a vertex and a triangle say the same
    within = (area > 1e-6 * uu * vv) & (s > 0) & (s < 1) & (t > 0) & (t < 1)
    return np.clip(s, 0, 1), np.clip(t, 0, 1), within
