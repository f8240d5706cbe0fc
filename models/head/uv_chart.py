"""The face-centred UV chart of the head's skin.

One chart for the whole skin, cut down the midline at the back from the crown to the neck. The left half is laid out
with the front midline held at u = 0.5 and mirrored, so the chart is exactly symmetric. Tutte's embedding (1963) gives a
start without flips; the symmetric Dirichlet energy |F|^2 + |F^-1|^2 (Smith and Schaefer, Bijective Parameterization
with Free Boundaries, 2015) is then minimised by Newton's method with the Hessian of each triangle made positive. Each
triangle is compared with its own shape at a wanted size: full on the face, smaller elsewhere. Every quad counts with
both of its diagonals, so quads stay convex and no program's way of splitting them makes a flip.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from ...core.errors import AssetsError
from ...core.mesh.operators import unique_edges
from ..sources.topology import boundary_loop

MARGIN = 0.008  # free border of the unit square
STEPS = 200
TOLERANCE = 1e-5  # relative decrease of the energy at which it stops
THINNEST = 0.15  # least height of a rest triangle over its longest side
SCALE_OUTSIDE = 0.2  # of scalp and neck, relative to the face
SCALE_INSIDE = {"ear": 0.4, "mouth_inner": 0.1, "eye_socket_inner": 0.25, "nostril": 0.3}
WEIGHT_OUTSIDE, WEIGHT_INSIDE = 0.1, 0.004
FALLOFF_RINGS = 30  # over which the wanted size falls from the face outwards, as a power of the falloff
POWER = 0.7
_SPLITS = ((0, 1, 2), (0, 2, 3), (0, 1, 3), (1, 2, 3))
# second derivative of the determinant of [[a, b], [c, d]] by (a, b, c, d)
_DETERMINANT_HESSIAN = np.array([[0, 0, 0, 1], [0, 0, -1, 0], [0, -1, 0, 0], [1, 0, 0, 0]], float)


def chart_scale(regions: dict[str, np.ndarray], quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(n,) wanted chart length per length on the head, and (n,) importance, of vertices from region masks (n,).

    Args:
        regions: masks "face" and those of ``SCALE_INSIDE``.
        quads: (F, 4) skin.
    """
    face = regions["face"]
    mean = _neighbour_mean(quads, len(face))
    near = face.copy()
    for _ in range(FALLOFF_RINGS):
        near = np.maximum(face, mean @ near)
    near = near**POWER
    log_scale = (1 - near) * np.log(SCALE_OUTSIDE)
    weight = WEIGHT_OUTSIDE + (1 - WEIGHT_OUTSIDE) * near
    for name, scale in SCALE_INSIDE.items():
        mask = regions[name]
        log_scale = (1 - mask) * log_scale + mask * np.log(scale)
        if name != "ear":
            weight = (1 - mask) * weight + mask * WEIGHT_INSIDE
    return np.exp(mean @ log_scale), weight


def uv_chart(
    vertices: np.ndarray, quads: np.ndarray, mirror: np.ndarray, scale: np.ndarray, importance: np.ndarray
) -> np.ndarray:
    """(F, 4, 2) UVs of the corners in [0, 1], v up; mirrored corners have u and 1 - u.

    Args:
        vertices: (n, 3) mm, mirror-symmetric, with one open border, at the neck.
        quads: (F, 4) skin.
        mirror: (n,) vertex on the other side.
        scale, importance: (n,) of ``chart_scale``.

    Raises:
        AssetsError: half of the skin is not a disc.
    """
    left = vertices[quads, 0].mean(1) > 0
    members, half = np.unique(quads[left], return_inverse=True)
    half = half.reshape(-1, 4)
    points = vertices[members]
    midline, flat = _tutte(points, half)
    flat = _minimise(flat, midline, half, points, scale[members], importance[members])
    low, high = flat.min(0), flat.max(0)
    size = max(2 * high[0], high[1] - low[1]) / (1 - 2 * MARGIN)
    uv = np.column_stack([0.5 + flat[:, 0] / size, 0.5 + (flat[:, 1] - 0.5 * (low[1] + high[1])) / size])
    of_vertex = np.full((len(vertices), 2), np.nan)
    of_vertex[members] = uv
    out = np.empty((len(quads), 4, 2))
    out[left] = of_vertex[quads[left]]
    out[~left] = of_vertex[mirror[quads[~left]]] * [-1, 1] + [1, 0]
    return out


def _neighbour_mean(quads: np.ndarray, count: int) -> sparse.csr_matrix:
    edges = unique_edges(quads)
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    adjacency = (adjacency + adjacency.T + sparse.eye(count)).tocsr()
    return sparse.diags(1.0 / np.asarray(adjacency.sum(1)).ravel()) @ adjacency


def _tutte(points: np.ndarray, quads: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Front midline vertices (k,), crown to neck, and the half head (m, 2) in the right half of a disc."""
    loop = boundary_loop(quads)
    crown = loop[np.argmax(np.where(np.abs(points[loop, 0]) < 1e-6, points[loop, 1], -np.inf))]
    loop = np.roll(loop, -int(np.flatnonzero(loop == crown)[0]))
    if points[loop[1], 2] < points[loop[-1], 2]:  # walk down the face first
        loop = np.roll(loop[::-1], 1)
    front = int(np.argmax(np.abs(points[loop, 0]) > 1e-6))
    length = np.linalg.norm(points[np.roll(loop, -1)] - points[loop], axis=1)
    place = np.zeros((len(loop), 2))
    # even steps: mouth and throat are as long as the face, arc length would crowd the face
    place[:front, 1] = np.linspace(1, -1, front)
    along = np.concatenate([[0.0], np.cumsum(length[front - 1: -1])]) / length[front - 1:].sum()
    turn = np.pi * along[1:]
    place[front:] = np.column_stack([np.sin(turn), -np.cos(turn)])
    edges = unique_edges(quads)
    count = len(points)
    weights = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(count, count))
    weights = (weights + weights.T).tocsr()
    laplacian = (sparse.diags(np.asarray(weights.sum(1)).ravel()) - weights).tocsr()
    inner = np.setdiff1d(np.arange(count), loop)
    flat = np.zeros((count, 2))
    flat[loop] = place
    flat[inner] = splu(laplacian[inner][:, inner].tocsc()).solve(-(laplacian[inner][:, loop] @ place))
    corners = flat[quads[:, :3]]
    if np.median(_determinant(np.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], 2))) <= 0:
        raise AssetsError("The base mesh is not the expected one: its faces are inside out.")
    return loop[:front], flat


def _rest_gradients(points: np.ndarray, triangles: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3, 2) gradients of the hat functions in each triangle's plane at its wanted size, and (T,) its areas."""
    size = np.exp(np.log(scale[triangles]).mean(1))[:, None]
    e1 = (points[triangles[:, 1]] - points[triangles[:, 0]]) * size
    e2 = (points[triangles[:, 2]] - points[triangles[:, 0]]) * size
    longest = np.maximum.reduce([np.linalg.norm(e, axis=1) for e in (e1, e2, e2 - e1)])
    base = np.maximum(np.linalg.norm(e1, axis=1), THINNEST * longest)
    along = (e1 * e2).sum(1) / base
    height = np.maximum(np.linalg.norm(np.cross(e1, e2), axis=1) / base, THINNEST * longest)
    gradients = np.zeros((len(triangles), 3, 2))
    gradients[:, 1] = np.column_stack([1 / base, -along / (base * height)])
    gradients[:, 2, 1] = 1 / height
    gradients[:, 0] = -gradients[:, 1] - gradients[:, 2]
    return gradients, 0.5 * base * height


def _determinant(jacobians: np.ndarray) -> np.ndarray:
    return jacobians[:, 0, 0] * jacobians[:, 1, 1] - jacobians[:, 0, 1] * jacobians[:, 1, 0]


def _energy(jacobians: np.ndarray, weights: np.ndarray) -> float:
    determinant = _determinant(jacobians)
    if (determinant <= 0).any():
        return np.inf
    return float(weights @ ((jacobians**2).sum((1, 2)) * (1 + determinant**-2)))


def _derivatives(jacobians: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 4) gradient and (T, 4, 4) positive semidefinite Hessian of the energy density by the Jacobian's entries."""
    entries = jacobians.reshape(-1, 4)
    determinant = _determinant(jacobians)[:, None]
    square = (entries**2).sum(1, keepdims=True)
    cofactor = entries[:, [3, 2, 1, 0]] * [1, -1, -1, 1]
    gradient = 2 * entries * (1 + determinant**-2) - 2 * square * determinant**-3 * cofactor
    mixed = entries[:, :, None] * cofactor[:, None]
    inverse = determinant[..., None]
    hessian = (
        2 * (1 + inverse**-2) * np.eye(4)
        - 4 * inverse**-3 * (mixed + mixed.transpose(0, 2, 1))
        + 6 * square[..., None] * inverse**-4 * cofactor[:, :, None] * cofactor[:, None]
        - 2 * square[..., None] * inverse**-3 * _DETERMINANT_HESSIAN
    )
    values, vectors = np.linalg.eigh(hessian)
    return gradient, np.einsum("tik,tk,tjk->tij", vectors, values.clip(0), vectors)


def _longest_step(jacobians: np.ndarray, change: np.ndarray) -> float:
    """Largest step in (0, 1] before some triangle loses its area (Smith and Schaefer, section 3.3), with a reserve."""
    a = _determinant(change)
    c = _determinant(jacobians)
    b = _determinant(jacobians + change) - a - c
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(b**2 - 4 * a * c)
        # the stable form of the smaller positive root of a t^2 + b t + c
        q = -0.5 * (b + np.where(b >= 0, 1, -1) * root)
        roots = np.concatenate([q / a, c / q])
    roots = roots[np.isfinite(roots) & (roots > 0)]
    return min(1.0, 0.9 * float(roots.min())) if len(roots) else 1.0


def _minimise(
    flat: np.ndarray, midline: np.ndarray, quads: np.ndarray, points: np.ndarray, scale: np.ndarray,
    importance: np.ndarray,
) -> np.ndarray:
    """(m, 2) least energy layout with the midline on u = 0."""
    triangles = np.concatenate([quads[:, list(split)] for split in _SPLITS])
    gradients, areas = _rest_gradients(points, triangles, scale)
    weights = areas * importance[triangles].mean(1)
    weights = weights / weights.sum()
    count = len(points)
    unknown = 2 * triangles[:, :, None] + np.arange(2)  # u and v of each corner
    rows = np.repeat(unknown.reshape(-1, 6), 6, axis=1).ravel()
    columns = np.tile(unknown.reshape(-1, 6), (1, 6)).ravel()
    free = np.setdiff1d(np.arange(2 * count), 2 * midline)

    def jacobians(of: np.ndarray) -> np.ndarray:
        return np.einsum("tki,tkj->tij", of[triangles], gradients)

    flat = _scaled_start(flat, jacobians, weights)
    here = jacobians(flat)
    energy = _energy(here, weights)
    for _ in range(STEPS):
        gradient, hessian = _derivatives(here)
        element = np.einsum("tkj,tijmn,tln->tkilm", gradients, hessian.reshape(-1, 2, 2, 2, 2), gradients)
        element *= weights[:, None, None, None, None]
        matrix = sparse.coo_matrix((element.ravel(), (rows, columns)), shape=(2 * count, 2 * count)).tocsc()
        force = np.einsum("tkj,tij->tki", gradients, gradient.reshape(-1, 2, 2)) * weights[:, None, None]
        slope = np.bincount(unknown.ravel(), force.ravel(), 2 * count)
        matrix = matrix[free][:, free] + 1e-10 * sparse.eye(len(free))
        move = np.zeros(2 * count)
        solver = splu(matrix.tocsc(), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
        move[free] = -solver.solve(slope[free])
        step = move.reshape(-1, 2)
        size = _longest_step(here, jacobians(step))
        while size > 1e-9 and _energy(jacobians(flat + size * step), weights) > energy + 1e-4 * size * (slope @ move):
            size *= 0.5
        flat = flat + size * step
        here = jacobians(flat)
        before, energy = energy, _energy(here, weights)
        if before - energy < TOLERANCE * before:
            break
    return flat


def _scaled_start(flat: np.ndarray, jacobians: Callable[[np.ndarray], np.ndarray], weights: np.ndarray) -> np.ndarray:
    """The start at the overall size of least energy: with J scaled by s it is s^2 A + B / s^2."""
    here = jacobians(flat)
    square = (here**2).sum((1, 2))
    a, b = weights @ square, weights @ (square / _determinant(here) ** 2)
    return flat * (b / a) ** 0.25
