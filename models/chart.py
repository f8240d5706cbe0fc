"""The face-centred UV chart of the head.

One chart for the whole skin, cut along the midline at the back from the crown to the neck. The right half is solved with
the front midline held at u = 0.5 and mirrored, so the chart is exactly symmetric. Tutte's embedding (Tutte 1963) gives a
valid start; the symmetric Dirichlet energy (Smith and Schaefer 2015) is then minimised by reweighted least squares (Rabinovich
et al., Scalable Locally Injective Mappings, 2017). Its barrier forbids flips. Each triangle is compared with its rest
shape at the size it should have: the face at full size, scalp and neck smaller, the insides of mouth, nose and
sockets smallest.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import spsolve

from ..core.geometry import vertex_normals
from ..core.head_model import quads_to_triangles, unique_edges
from ..core.raster import rasterize

MARGIN = 0.008
ISLAND = 0.12  # width of each half of the inside of the mouth
_ITERATIONS = 90
_SHRINKING = 45
_VIEWS = [
    (0, 0),
    (30, 0),
    (60, 0),
    (90, 0),
    (0, 25),
    (0, -35),
    (40, 25),
    (40, -35),
    (140, 0),
    (180, 0),
]  # yaw, pitch in degrees


def face_chart(
    vertices: np.ndarray, quads: np.ndarray, mirror: np.ndarray, occluders: np.ndarray | None = None
) -> np.ndarray:
    """UV of every corner of the head's skin.

    Args:
        vertices: (n, 3) mm, mirror-symmetric, x = 0 on the midline; the skin's vertices come first.
        quads: (F, 4) skin quads; one open border around the neck.
        mirror: (n,) vertex on the other side.
        occluders: (T, 3) more triangles of ``vertices`` (eyes) that hide the inside of the sockets.

    Returns:
        (F, 4, 2) float32 in [0, 1], v up, u and 1 - u for mirrored corners.
    """
    hidden = _hidden_share(vertices, quads, occluders)
    right = vertices[quads, 0].mean(axis=1) > 0
    mouth = _mouth_cavity(vertices, quads, hidden)
    corners = np.full((len(quads), 4, 2), np.nan)
    skin, skin_flat = _flatten(vertices, quads[right & ~mouth], hidden, anchored=True)
    low, high = skin_flat.min(axis=0), skin_flat.max(axis=0)
    size = max(2.0 * high[0], high[1] - low[1]) / (1.0 - 2.0 * MARGIN)
    placed = np.column_stack([0.5 + skin_flat[:, 0] / size, 0.5 + (skin_flat[:, 1] - (low[1] + high[1]) / 2.0) / size])
    corners[right & ~mouth] = _per_corner(placed, skin, quads[right & ~mouth], len(vertices))
    # the inside of the mouth is an island of its own in each lower corner, out of the face's way
    inner, inner_flat = _flatten(vertices, quads[right & mouth], hidden, anchored=False)
    low, high = inner_flat.min(axis=0), inner_flat.max(axis=0)
    shrink = ISLAND / (high - low).max()
    corners[right & mouth] = _per_corner(
        (inner_flat - [high[0], low[1]]) * shrink + [1.0 - MARGIN, MARGIN], inner, quads[right & mouth], len(vertices)
    )
    key = {tuple(sorted(quad)): i for i, quad in enumerate(quads[right].tolist())}
    for_left = np.array([key[tuple(sorted(quad))] for quad in mirror[quads[~right]].tolist()])
    corners[~right] = _mirrored(corners[right][for_left], quads[right][for_left], mirror[quads[~right]])
    return corners.astype(np.float32)


def _per_corner(flat: np.ndarray, ids: np.ndarray, quads: np.ndarray, count: int) -> np.ndarray:
    """(f, 4, 2) of the (m, 2) positions of vertices ``ids``."""
    of_vertex = np.full((count, 2), np.nan)
    of_vertex[ids] = flat
    return of_vertex[quads]


def _mirrored(corners: np.ndarray, quads: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """(f, 4, 2) mirrored UVs of quads (f, 4), reordered to the corner order of ``wanted`` (the same vertices)."""
    place = np.argmax(quads[:, None, :] == wanted[:, :, None], axis=2)
    return np.take_along_axis(corners, place[..., None], axis=1) * [-1.0, 1.0] + [1.0, 0.0]


def _mouth_cavity(vertices: np.ndarray, quads: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """(F,) whether a quad lies inside the mouth: the largest connected hidden patch on the midline."""
    inside = hidden[quads].mean(axis=1) > 0.55
    pairs = np.sort(np.concatenate([quads[:, [i, (i + 1) % 4]] for i in range(4)]), axis=1)
    order = np.lexsort(pairs.T)
    same = (pairs[order][1:] == pairs[order][:-1]).all(axis=1)
    faces = np.tile(np.arange(len(quads)), 4)[order]
    a, b = faces[:-1][same], faces[1:][same]
    adjacency = sp.coo_matrix((np.ones(len(a)), (a, b)), shape=(len(quads),) * 2)
    adjacency = (adjacency + adjacency.T).tocsr()
    for _ in range(3):  # majority vote smooths the rim
        inside = (adjacency @ inside.astype(float) + 0.5 * inside) > 2.0
    _, label = connected_components(adjacency[inside][:, inside], directed=False)
    on_midline = (np.abs(vertices[quads[inside], 0]) < 1e-4).any(axis=1)
    result = np.zeros(len(quads), bool)
    result[np.flatnonzero(inside)[label == np.bincount(label[on_midline]).argmax()]] = True
    # what the cavity cuts off from the skin belongs to it
    _, label = connected_components(adjacency[~result][:, ~result], directed=False)
    result[np.flatnonzero(~result)[label != np.bincount(label).argmax()]] = True
    return result


def _flatten(
    vertices: np.ndarray, quads: np.ndarray, hidden: np.ndarray, anchored: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Vertex ids (m,) of half an island and their flat positions (m, 2), about millimetres on the face.

    Args:
        anchored: the island's midline stays on x = 0 (the skin); else it is free (the inside of the mouth).
    """
    ids, local = np.unique(quads, return_inverse=True)
    local = local.reshape(-1, 4)
    points = vertices[ids].astype(np.float64)
    concealed = hidden[ids] if anchored else np.zeros(len(ids))
    scale = _target_scale(points, concealed) if anchored else np.ones(len(ids))
    # both diagonals of each quad: symmetric, and convex whichever way a program splits it
    triangles = np.concatenate([local[:, [0, 1, 2]], local[:, [0, 2, 3]], local[:, [0, 1, 3]], local[:, [1, 2, 3]]])
    loops = _borders(local)
    filling = np.zeros((0, 3), int)
    if anchored:
        # the half island's outer border runs down the midline; where the mouth was cut out, the rim is fanned to one
        # more point on the midline, so that the lips cannot cross
        rim = _mouth_rim(points, loops[0])
        points = np.vstack([points, points[rim[[0, -1]]].mean(axis=0)])
        scale, concealed = np.append(scale, scale.min()), np.append(concealed, 1.0)
        filling = np.column_stack([rim[1:], rim[:-1], np.full(len(rim) - 1, len(ids))])
        loops[0] = _without_rim(loops[0], rim, len(ids))
    front, flat = _start(points, local, filling, scale, loops[0], anchored)
    pinned = front if anchored else np.zeros(0, int)
    flat = _minimise(points, np.concatenate([triangles, filling]), scale, concealed, len(triangles), flat, pinned)
    return ids, flat[: len(ids)]


def _mouth_rim(points: np.ndarray, loop: np.ndarray) -> np.ndarray:
    """The stretch of the border that leaves the midline on the face: from the upper lip's middle to the lower's."""
    middle = np.abs(points[loop, 0]) < 1e-4
    starts = np.flatnonzero(middle & ~np.roll(middle, -1))
    runs = []
    for start in starts:
        length = 1
        while not middle[(start + length) % len(loop)]:
            length += 1
        runs.append(loop[np.arange(start, start + length + 1) % len(loop)])
    return max(runs, key=lambda run: points[run, 2].mean())


def _without_rim(loop: np.ndarray, rim: np.ndarray, extra: int) -> np.ndarray:
    """The border with the rim's inner vertices replaced by the one extra vertex."""
    start = int(np.flatnonzero(loop == rim[0])[0])
    rolled = np.roll(loop, -start)
    return np.concatenate([[rim[0], extra], rolled[len(rim) - 1 :]])


def _hidden_share(vertices: np.ndarray, quads: np.ndarray, occluders: np.ndarray | None) -> np.ndarray:
    """(n,) 1 where no outside view sees the surface (inside of mouth, nose, sockets), blurred into [0, 1]."""
    skin = quads_to_triangles(quads)
    triangles = skin if occluders is None else np.concatenate([skin, occluders])
    centre = vertices[np.unique(quads)].mean(axis=0)
    seen = np.zeros(len(vertices), bool)
    for yaw, pitch in _VIEWS:
        for side in {yaw, -yaw}:
            a, b = np.deg2rad([side, pitch])
            turn = np.array([[np.cos(a), 0, -np.sin(a)], [0, 1, 0], [np.sin(a), 0, np.cos(a)]])
            tilt = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
            view = (vertices - centre) @ (tilt @ turn).T
            pixels = np.column_stack([view[:, 0] + 200.0, 200.0 - view[:, 1]]) * 2.0
            found, _ = rasterize(pixels, -view[:, 2] + 1000.0, triangles, 800, 800)
            seen[triangles[np.unique(found[found >= 0])]] = True
    edges = unique_edges(quads)
    adjacency = sp.coo_matrix((np.ones(len(edges)), edges.T), shape=(len(vertices),) * 2)
    adjacency = (adjacency + adjacency.T + sp.eye(len(vertices))).tocsr()
    mean = sp.diags(1.0 / np.asarray(adjacency.sum(axis=1)).ravel()) @ adjacency
    x, y, z = (vertices - centre).T
    hidden = (~seen & (np.abs(x) < 55.0) & (z > -60.0)).astype(float)
    return np.clip(mean @ (mean @ hidden), 0.0, 1.0)


def _smoothstep(x: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((x - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)


def _target_scale(points: np.ndarray, hidden: np.ndarray) -> np.ndarray:
    """(m,) wanted length in the chart per length on the head: 1 on the face."""
    x, y, z = points.T
    front = z.max()
    angle = np.degrees(np.arctan2(np.abs(x), z - (front - 105.0)))
    back = _smoothstep(angle, 58.0, 112.0)
    chin = points[np.argmax(z - 1e3 * (np.abs(x) > 1e-3)), 1] - 72.0
    below = _smoothstep(chin - y, 0.0, 55.0)
    above = _smoothstep(y - (chin + 165.0), 0.0, 60.0)
    scale = 1.0 - 0.8 * np.maximum.reduce([back, 0.85 * below, 0.9 * above])
    return scale * (1.0 - 0.85 * hidden)


def _borders(quads: np.ndarray) -> list[np.ndarray]:
    """Border loops of a patch of quads, in the order of its faces' corners, longest first."""
    half_edges = {(int(a), int(b)) for i in range(4) for a, b in zip(quads[:, i], quads[:, (i + 1) % 4])}
    following = {a: b for a, b in sorted(half_edges) if (b, a) not in half_edges}
    loops = []
    while following:
        loop = [next(iter(following))]
        while (after := following.pop(loop[-1])) != loop[0]:
            loop.append(after)
        loops.append(np.array(loop))
    return sorted(loops, key=len, reverse=True)


def _start(
    points: np.ndarray, quads: np.ndarray, filling: np.ndarray, scale: np.ndarray, loop: np.ndarray, anchored: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Front midline vertices, and Tutte's embedding: with them on the line x = 0, top to bottom, or in a circle."""
    middle = np.abs(points[loop, 0]) < 1e-4
    crown = loop[np.argmax(np.where(middle, points[loop, 1], -np.inf))]
    loop = np.roll(loop, -int(np.flatnonzero(loop == crown)[0]))
    middle = np.abs(points[loop, 0]) < 1e-4
    # from the crown one way lies the face, the other way the back; both end at the neck's border
    if points[loop[1], 2] < points[loop[-1], 2]:
        loop, middle = np.roll(loop[::-1], 1), np.roll(middle[::-1], 1)
    count = len(loop) // 2 if middle.all() else int(np.argmin(middle))  # midline vertices from the crown down the front
    step = np.linalg.norm(np.diff(points[np.append(loop, loop[0])], axis=0), axis=1)
    length = np.concatenate([[0.0], np.cumsum(step)[:-1]])
    place = np.zeros((len(loop), 2))
    if anchored:
        place[:count, 1] = 1.0 - 2.0 * length[:count] / length[count - 1]
        turn = np.pi * (length[count:] - length[count - 1]) / (step.sum() - length[count - 1])
        place[count:] = np.column_stack([np.sin(turn), -np.cos(turn)])
    else:
        turn = 2.0 * np.pi * length / step.sum()
        place = np.column_stack([np.sin(turn), -np.cos(turn)])
    edges = unique_edges(np.concatenate([quads, filling[:, [0, 1, 2, 2]]]))
    wanted = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1) * scale[edges].mean(axis=1)
    # short wanted edges pull harder: pockets start small (any positive weights embed)
    weights = sp.coo_matrix((1.0 / wanted.clip(1e-3) ** 1.5, edges.T), shape=(len(points),) * 2)
    weights = (weights + weights.T).tocsr()
    laplacian = (sp.diags(np.asarray(weights.sum(axis=1)).ravel()) - weights).tocsc()
    free = np.setdiff1d(np.arange(len(points)), loop)
    flat = np.zeros((len(points), 2))
    flat[loop] = place
    flat[free] = spsolve(laplacian[free][:, free], -(laplacian[free][:, loop] @ place))
    if _signed_areas(flat, quads[:, :3]).sum() < 0:  # the inside of the mouth faces the other way
        flat[:, 0] *= -1.0
    return loop[:count], flat * 150.0


def _signed_areas(flat: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (flat[triangles[:, k]] for k in range(3))
    return 0.5 * ((b - a)[:, 0] * (c - a)[:, 1] - (b - a)[:, 1] * (c - a)[:, 0])


def _gradients(points: np.ndarray, triangles: np.ndarray, scale: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(T, 3, 2) hat-function gradients in each triangle's own plane at its wanted size, and (T,) areas."""
    size = scale[triangles].mean(axis=1)
    e1 = (points[triangles[:, 1]] - points[triangles[:, 0]]) * size[:, None]
    e2 = (points[triangles[:, 2]] - points[triangles[:, 0]]) * size[:, None]
    base = np.linalg.norm(e1, axis=1).clip(1e-6)
    along = np.einsum("td,td->t", e1, e2) / base
    height = (np.linalg.norm(np.cross(e1, e2), axis=1) / base).clip(0.001 * base)
    gradients = np.zeros((len(triangles), 3, 2))
    gradients[:, 1] = np.column_stack([1.0 / base, -along / (base * height)])
    gradients[:, 2, 1] = 1.0 / height
    gradients[:, 0] = -gradients[:, 1] - gradients[:, 2]
    return gradients, 0.5 * base * height


def _energy(jacobians: np.ndarray, weights: np.ndarray) -> float:
    determinant = jacobians[:, 0, 0] * jacobians[:, 1, 1] - jacobians[:, 0, 1] * jacobians[:, 1, 0]
    if (determinant <= 0).any():
        return np.inf
    squared = (jacobians**2).sum(axis=(1, 2))
    return float((weights * (squared + squared / determinant**2)).sum())


def _singular_values(matrices: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Singular value decomposition of (T, 2, 2) matrices of positive determinant, in closed form."""
    (a, b), (c, d) = matrices.transpose(1, 2, 0)
    total, difference = np.hypot(a + d, c - b), np.hypot(a - d, c + b)
    sum_angle, difference_angle = np.arctan2(c - b, a + d), np.arctan2(c + b, a - d)
    stretch = np.column_stack([total + difference, total - difference]) / 2.0
    return _turn((sum_angle + difference_angle) / 2.0), stretch, _turn((sum_angle - difference_angle) / 2.0)


def _turn(angle: np.ndarray) -> np.ndarray:
    """(T, 2, 2) rotations."""
    cosine, sine = np.cos(angle), np.sin(angle)
    return np.stack([np.stack([cosine, -sine], -1), np.stack([sine, cosine], -1)], -2)


def _minimise(
    points: np.ndarray,
    triangles: np.ndarray,
    scale: np.ndarray,
    hidden: np.ndarray,
    real: int,
    flat: np.ndarray,
    front: np.ndarray,
) -> np.ndarray:
    """Symmetric Dirichlet minimum (m, 2) with the front midline at x = 0."""
    gradients, areas = _gradients(points, triangles, scale)
    # pockets only have to stay unflipped and small: their rest shape is what they are now, a little shrunk at first
    # (a scaffold, Jiang et al. 2017)
    pocket = hidden[triangles].mean(axis=1) > 0.4
    pocket[real:] = True
    weights = np.where(pocket, 0.03 * areas.mean(), areas + 0.02 * areas.mean())
    weights /= weights.sum()
    count = len(points)
    rows = np.repeat(np.arange(2 * len(triangles)), 3)
    columns = np.repeat(triangles, 2, axis=0).ravel()
    order = np.arange(2 * count).reshape(2, count).T.ravel()
    free = order[~np.isin(order, front)]  # x of the front midline stays 0
    flat = flat * np.sqrt(areas[~pocket].sum() / _signed_areas(flat, triangles[~pocket]).sum())
    if (_signed_areas(flat, triangles) <= 0).any():
        raise ValueError("the chart starts with flips")

    def jacobians(at: np.ndarray) -> np.ndarray:
        return (derivative @ at).reshape(-1, 2, 2).transpose(0, 2, 1)  # [t, output, input]

    shrink = np.full(count, 0.97)
    shrink[triangles[real:].ravel()] = 0.85
    for iteration in range(_ITERATIONS):
        current = np.column_stack([flat, np.zeros(count)])
        gradients[pocket], _ = _gradients(
            current, triangles[pocket], shrink if iteration < _SHRINKING else np.ones(count)
        )
        entries = gradients.transpose(0, 2, 1).ravel()
        derivative = sp.csr_matrix((entries, (rows, columns)), shape=(2 * len(triangles), count))
        value = _energy(jacobians(flat), weights)
        left, stretch, right = _singular_values(jacobians(flat))
        rotation = left @ right
        ratio = (stretch - stretch**-3) / np.where(np.abs(stretch - 1.0) < 1e-6, 1.0, stretch - 1.0)
        ratio = np.where(np.abs(stretch - 1.0) < 1e-6, 4.0, ratio)
        metric = np.einsum("tik,tk,tjk->tij", left, ratio, left) * weights[:, None, None]
        blocks = [
            [derivative.T @ (sp.diags(np.repeat(metric[:, i, j], 2)) @ derivative) for j in range(2)] for i in range(2)
        ]
        matrix = sp.bmat(blocks, format="csr") + 1e-12 * sp.eye(2 * count)
        pull = np.einsum("tij,tjk->tik", metric, rotation)
        target = np.concatenate([derivative.T @ pull[:, i].ravel() for i in range(2)])
        step = np.zeros(2 * count)
        here = flat.T.ravel()
        matrix = matrix.tocsc()
        step[free] = spsolve(matrix[free][:, free], target[free] - matrix[free] @ here)
        step = step.reshape(2, -1).T
        before, size = value, 1.0
        while size > 1e-6:
            value = _energy(jacobians(flat + size * step), weights)
            if value < before:
                break
            size *= 0.5
        if size <= 1e-6:
            break
        flat = flat + size * step
        if iteration > _SHRINKING and before - value < 2e-5 * before:
            break
    return flat
