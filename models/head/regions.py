"""Named regions of the skin: outlines through face landmarks, softened, and MakeHuman's painted masks.

Outlines live in the plane of a cylinder around the head (arc length, height) in millimetres on the mean head. They are
given for the character's left side; the right side mirrors them.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy import sparse

from ...core.head.raster import rasterize
from ...core.image.filters import smoothstep
from ...core.mesh.operators import quads_to_triangles, unique_edges
from ..sources.makehuman import MPFB
from ..sources.topology import SourceTopology

REGION_NAMES = (
    "face", "forehead", "glabella", "temple", "brow", "upper_lid", "lower_lid", "under_eye", "crows_feet", "nose",
    "cheek", "nasolabial", "upper_lip", "lower_lip", "lips", "perioral", "mouth_corner", "chin", "jaw", "neck", "ear",
    "scalp", "eye_socket_inner", "mouth_inner", "nostril",
)
CYLINDER_RADIUS = 78.0  # mm
NOSTRIL_VIEWS = (0.2, 0.5)  # share of the views from which a vertex in the nose is wholly and not in a nostril
# landmarks that outline things, in the numbering of the 478-point net, on the character's left
UPPER_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LOWER_LID = (263, 249, 390, 373, 374, 380, 381, 382, 362)
BROW = (285, 295, 282, 283, 276, 300, 293, 334, 296, 336)
OVAL = (10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152)
LIPS_OUTER = (0, 267, 269, 270, 409, 291, 375, 321, 405, 314, 17)
ACROSS = -8.0  # mm from the midline to which outlines reach that meet their mirror image
VIEWS = tuple((yaw, pitch) for pitch in (-35, 0, 30) for yaw in (-80, -50, -25, 0, 25, 50, 80)) + ((180, 0),)


def painted_mask(wheel: zipfile.ZipFile, topology: SourceTopology, name: str) -> np.ndarray:
    """(V,) in [0, 1]: one of MakeHuman's painted masks ("lips", "ears", "inside-mouth") at the skin's vertices."""
    encoded = np.frombuffer(wheel.read(f"{MPFB}textures/mpfb_{name}.jpg"), np.uint8)
    image = cv2.imdecode(encoded, cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255.0
    rows = topology.face_part == 0
    uv, vertices = topology.stock_uv[rows].reshape(-1, 2), topology.faces[rows].ravel()
    x = (uv[:, 0] * image.shape[1] - 0.5).astype(np.float32)
    y = ((1.0 - uv[:, 1]) * image.shape[0] - 0.5).astype(np.float32)
    values = cv2.remap(image, x[None], y[None], cv2.INTER_LINEAR)[0]
    count = len(topology.source)
    mask = np.bincount(vertices, values, count) / np.bincount(vertices, minlength=count).clip(1)
    return np.clip(0.5 * (mask + mask[topology.mirror]), 0, 1)


def views_seen(mean: np.ndarray, topology: SourceTopology) -> np.ndarray:
    """(V,) share of the views from outside that show each vertex of skin and eyes, others and the eyes in place."""
    triangles = quads_to_triangles(topology.faces[topology.face_part <= 1])
    centre = mean[topology.part_slice("eyes")].mean(0) - [0.0, 20.0, 60.0]
    seen = np.zeros(len(mean))
    for yaw, pitch in VIEWS:
        view = (mean - centre) @ _rotation(yaw, pitch).T
        xy = 320.0 + view[:, :2] * [2.0, -2.0]
        triangle_id, _ = rasterize(xy, 1000.0 - view[:, 2], triangles, 640, 640, perspective=False)
        shown = np.unique(triangles[np.unique(triangle_id[triangle_id >= 0])])
        seen[shown] += 1.0 / len(VIEWS)
    return np.maximum(seen, seen[topology.mirror])


def hidden_skin(mean: np.ndarray, topology: SourceTopology) -> np.ndarray:
    """(V,) bool: skin that no view from outside shows (inside of mouth, nose and eye sockets)."""
    centre = mean[topology.part_slice("eyes")].mean(0)
    near_front = (np.abs(mean[:, 0]) < 55.0) & (mean[:, 2] > centre[2] - 90.0) & (mean[:, 1] > centre[1] - 120.0)
    hidden = (views_seen(mean, topology) == 0) & near_front
    hidden[topology.part_slice("head").stop:] = False
    return hidden


def build_regions(
    mean: np.ndarray, topology: SourceTopology, landmarks: np.ndarray, lips: np.ndarray, ears: np.ndarray,
    inside_mouth: np.ndarray,
) -> np.ndarray:
    """(R, V) float64 masks in [0, 1] in the order of ``REGION_NAMES``; zero outside the skin.

    Args:
        mean: (V, 3) mm, mirror-symmetric.
        topology: of the mesh.
        landmarks: (478, 3) mm on the mean head.
        lips, ears, inside_mouth: (V,) painted masks.
    """
    hidden = hidden_skin(mean, topology).astype(float)
    from_mouth = np.linalg.norm(mean[:, [0, 1]] - landmarks[13, :2], axis=1)
    inner = {"mouth_inner": hidden * (1.0 - smoothstep(from_mouth, 20.0, 30.0))}
    eye = landmarks[[362, 263]].mean(0)
    from_eye = np.linalg.norm(np.column_stack([np.abs(mean[:, 0]), mean[:, 1]]) - eye[:2], axis=1)
    inner["mouth_inner"] = np.maximum(inner["mouth_inner"], inside_mouth * (1.0 - lips))
    inner["eye_socket_inner"] = hidden * (from_eye < 24.0)
    # nostrils are pits that only few views look into
    base = landmarks[2]
    in_nose = (np.abs(mean[:, 0]) < 16.0) & (np.abs(mean[:, 1] - base[1] - 6.0) < 8.0) & (mean[:, 2] > base[2] - 20.0)
    pit = in_nose * (1.0 - smoothstep(views_seen(mean, topology), *NOSTRIL_VIEWS))
    inner["nostril"] = np.clip(pit - inner["mouth_inner"] - inner["eye_socket_inner"], 0, 1)
    inside = np.maximum.reduce(list(inner.values()))
    drawn = _drawn_regions(cylinder(np.abs(mean) * [1, 0, 0] + mean * [0, 1, 1]), cylinder(landmarks))
    masks = {name: mask * (1.0 - inside) for name, mask in drawn.items()}
    masks["lips"] = lips * (1.0 - inside)
    for name in ("upper_lip", "lower_lip", "perioral", "mouth_corner", "chin"):
        masks[name] *= 1.0 - masks["lips"]
    masks["ear"] = ears
    for name in ("face", "temple", "cheek", "jaw", "scalp", "neck"):
        masks[name] = masks[name] * (1.0 - ears)
    masks |= inner
    out = np.stack([masks[name] for name in REGION_NAMES])
    head = topology.part_slice("head")
    out[:, head.stop:] = 0.0
    out = np.maximum(out, out[:, topology.mirror])
    out[:, head] = _blurred(out[:, head], topology.head_faces)
    return out.clip(0, 1)


def cylinder(points: np.ndarray) -> np.ndarray:
    """(..., 2) mm: arc length around the head from the front midline, and height."""
    x, y, z = points[..., 0], points[..., 1], points[..., 2]
    return np.stack([CYLINDER_RADIUS * np.arctan2(x, z), y], axis=-1)


@dataclass(frozen=True)
class _Drawing:
    """Vertices at cylinder positions (V, 2), folded to the left, and the landmarks (478, 2) that outline regions."""

    at: np.ndarray
    mark: np.ndarray

    def region(self, outline: Sequence[int | np.ndarray | list], soft: float) -> np.ndarray:
        """(V,) mask of a closed outline of positions and numbers of landmarks."""
        polygon = np.array([self.mark[p] if isinstance(p, int | np.integer) else p for p in outline], float)
        return _inside_outline(self.at, polygon, soft)

    def off(self, point: int, dx: float, dy: float) -> np.ndarray:
        """(2,) a place beside a landmark."""
        return self.mark[point] + [dx, dy]


def _drawn_regions(at: np.ndarray, mark: np.ndarray) -> dict[str, np.ndarray]:
    """Masks of vertices at cylinder positions (V, 2), folded to the left, from landmark positions (478, 2)."""
    drawing = _Drawing(at, mark)
    masks = _upper_face(drawing) | _eye_regions(drawing) | _middle_face(drawing) | _mouth_regions(drawing)
    masks |= _lower_face(drawing)
    beneath = mark[152][1] + 0.55 * (np.abs(at[:, 0]) / 60.0) ** 1.5 * 18.0
    below_jaw = smoothstep(beneath - at[:, 1], 0.0, 10.0) * (1.0 - masks["face"]) * (1.0 - masks["chin"])
    behind = smoothstep(np.abs(at[:, 0]), 135.0, 150.0)
    neck_height = np.where(behind > 0, mark[61][1], mark[152][1])
    masks["neck"] = np.maximum(below_jaw * (1 - masks["jaw"]), smoothstep(neck_height - at[:, 1], 0.0, 12.0) * behind)
    masks["scalp"] = (1.0 - masks["face"]) * (1.0 - masks["neck"]) * (1.0 - masks["jaw"]) * (1.0 - masks["temple"])
    return masks


def _upper_face(drawing: _Drawing) -> dict[str, np.ndarray]:
    """The face as a whole, and what is above the eyes."""
    region, off, mark = drawing.region, drawing.off, drawing.mark
    brow_top = [off(p, 0, 3.0) for p in (336, 296, 334, 293, 300)]
    hair_front, hair_side = mark[10] + [0, 12.0], mark[251] + [4.0, 6.0]
    return {
        "face": region([[ACROSS, hair_front[1]], off(338, 2, 12), off(297, 3, 10), hair_side, off(356, 6, 0),
                        off(323, 6, 0), off(361, 4, -3), off(397, 2, -5), off(378, 0, -5), off(152, 0, -6),
                        [ACROSS, mark[152][1] - 6]], 8.0),
        "forehead": region([[ACROSS, hair_front[1]], off(338, 0, 12), off(297, 0, 8), off(284, 0, 2),
                            *brow_top[::-1], [ACROSS, mark[9][1] + 4]], 7.0),
        "glabella": region([[ACROSS, mark[9][1] + 10], off(336, 3, 7), off(285, 5, 0), mark[464], mark[6],
                            [ACROSS, mark[6][1]]], 5.0),
        "temple": region([off(300, 2, 6), off(284, 0, 2), hair_side, off(389, 6, 0), off(356, 6, 0), off(454, -4, 0),
                          off(263, 18, -2), off(263, 15, 8)], 7.0),
        "brow": region([mark[p] for p in BROW], 3.0),
    }


def _eye_regions(drawing: _Drawing) -> dict[str, np.ndarray]:
    region, off, mark = drawing.region, drawing.off, drawing.mark
    upper_lid = [mark[p] for p in UPPER_LID]
    lower_lid = [mark[p] for p in LOWER_LID]
    return {
        "upper_lid": region(upper_lid + [mark[p] for p in (463, 414, 286, 258, 257, 259, 260, 467, 359)], 2.5),
        "lower_lid": region(lower_lid + [mark[p] for p in (463, 341, 256, 252, 253, 254, 339, 255, 359)], 2.5),
        "under_eye": region([mark[p] for p in (341, 256, 252, 253, 254, 339, 255, 359)]
                            + [off(340, 0, 0), off(346, 0, 0), off(347, 0, 0), off(348, 0, 0), off(349, 0, 2),
                               off(350, 0, 2), mark[357]], 4.0),
        "crows_feet": region([off(263, 3, 1), off(263, 8, 16), off(263, 22, 20), off(263, 32, 4), off(263, 24, -16),
                              off(263, 8, -13)], 5.0),
    }


def _middle_face(drawing: _Drawing) -> dict[str, np.ndarray]:
    region, off, mark = drawing.region, drawing.off, drawing.mark
    return {
        "nose": region([[ACROSS, mark[168][1]], mark[417], mark[465], mark[357], mark[420], off(358, 1, 0),
                        off(294, 1, 0), off(327, 0, -2), [ACROSS, mark[2][1] - 1]], 4.0),
        "cheek": region([mark[357], mark[349], mark[347], mark[346], off(340, 6, 0), off(454, -8, -2), off(361, -10, 0),
                         off(397, -12, 8), off(434, 0, 0), off(432, 2, 4), off(426, 4, 0), off(423, 2, 0)], 8.0),
        "nasolabial": region([off(358, 0, 4), off(358, 7, 0), off(426, 6, 0), off(410, 14, 0), off(432, 6, 0),
                              off(432, -4, -3), off(410, 2, 0), off(327, 4, 0), off(294, 0, -2)], 4.0),
    }


def _mouth_regions(drawing: _Drawing) -> dict[str, np.ndarray]:
    region, off, mark = drawing.region, drawing.off, drawing.mark
    return {
        "upper_lip": region([[ACROSS, mark[2][1] - 1], mark[326], mark[327], mark[391], mark[322], off(410, 1, 0),
                             mark[291], mark[0], [ACROSS, mark[0][1]]], 3.0),
        "lower_lip": region([[ACROSS, mark[17][1] + 4], mark[321], mark[375], off(291, 2, -2), mark[422],
                             mark[406], mark[313], mark[18], [ACROSS, mark[18][1]]], 3.0),
        "perioral": region([[ACROSS, mark[2][1] - 1], mark[327], mark[322], off(410, 3, 2), off(287, 4, 0),
                            off(422, 3, 0), mark[424], mark[418], mark[421], mark[200], [ACROSS, mark[200][1]]], 5.0),
        "mouth_corner": region([off(291, -3, 4), off(291, 5, 8), off(291, 13, 3), off(291, 13, -7), off(291, 6, -14),
                                off(291, -2, -7)], 4.0),
    }


def _lower_face(drawing: _Drawing) -> dict[str, np.ndarray]:
    region, off, mark = drawing.region, drawing.off, drawing.mark
    return {
        "chin": region([[ACROSS, mark[18][1]], mark[313], mark[406], off(418, 2, 0), off(431, 2, 0), mark[395],
                        off(400, 0, -2), off(377, 0, -3), off(152, 0, -5), [ACROSS, mark[152][1] - 5]], 5.0),
        "jaw": region([off(361, 8, 0), off(361, -8, 2), off(397, -12, 8), mark[[364, 394]].mean(0), mark[394],
                       off(395, 0, 0), off(400, 0, -8), off(378, 0, -10), off(397, 2, -8), off(288, 10, -4)], 7.0),
    }


def _inside_outline(points: np.ndarray, outline: np.ndarray, soft: float) -> np.ndarray:
    """(n,) smooth mask of a closed outline (m, 2): 0.5 on it, 0 and 1 at ``soft`` mm outside and inside."""
    start, end = outline, np.roll(outline, -1, axis=0)
    edge = end - start
    offset = points[:, None] - start
    along = np.clip((offset * edge).sum(2) / np.maximum((edge**2).sum(1), 1e-9), 0, 1)
    distance = np.linalg.norm(offset - along[..., None] * edge, axis=2).min(1)
    crosses = (start[:, 1] > points[:, None, 1]) != (end[:, 1] > points[:, None, 1])
    rise = np.where(edge[:, 1] == 0, 1.0, edge[:, 1])
    x = start[:, 0] + (points[:, None, 1] - start[:, 1]) / rise * edge[:, 0]
    inside = (crosses & (points[:, None, 0] < x)).sum(1) % 2 == 1
    mask = smoothstep(np.where(inside, distance, -distance), -soft, soft)
    # the outline is on the front and the sides only: the cylinder wraps around
    return np.where(np.abs(points[:, 0]) < 150.0, mask, 0.0)


def _rotation(yaw: float, pitch: float) -> np.ndarray:
    turn, tilt = np.radians([yaw, pitch])
    about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    return about_x @ about_y


def _blurred(masks: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(R, n) masks after one step of averaging with the neighbours."""
    edges = unique_edges(faces)
    n = masks.shape[1]
    adjacency = sparse.coo_matrix((np.ones(len(edges)), edges.T), shape=(n, n))
    adjacency = (adjacency + adjacency.T).tocsr()
    mean = sparse.diags(1.0 / np.asarray(adjacency.sum(1)).ravel()) @ adjacency
    return 0.7 * masks + 0.3 * (mean @ masks.T).T
