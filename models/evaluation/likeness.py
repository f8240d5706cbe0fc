"""How like its person a reconstructed head is: distances and signed errors of the face, and what tells people apart.

Heads are of one model, so that vertices correspond. Size is not judged: no photo tells it. Everything is weighted by
the area that a vertex stands for on the mean head, as the mesh is much finer on lips and lids than on cheeks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...core.head.model import HeadModel
from ...core.mesh.operators import vertex_normals
from ..head.landmark_embedding import closest_on_triangles

# landmarks in the middle of the face about which signed errors are averaged, and regions that are places as a whole
SPOTS = {"nasion": 168, "bridge": 197, "tip": 4, "upper lip": 0, "lower lip": 17, "chin": 199}
REGIONS = {"cheeks": "cheek", "jaw": "jaw"}
PLACES = (*SPOTS, *REGIONS)
SPOT_RADIUS = 6.0  # mm on the mean head
# landmarks of both sides, and the neck: mm below the chin, half the height of the strip that is measured
WIDTHS = {"face width": (234, 454), "lower cheek width": (215, 435), "jaw width": (172, 397)}
NECK, RING = 20.0, 5.0
NEIGHBOURS = 12  # triangles among which the nearest point is sought


@dataclass(frozen=True)
class Face:
    """The part of a head that is compared.

    Attributes:
        vertices: (n,) of the model's.
        area: (n,) shares of the face's area, sum 1.
        triangles: (t, 3) of the skin around, indices of the model's vertices.
        places: rows of ``vertices`` at each of ``PLACES``.
        mean: (n, 3) mm, of the mean head.
    """

    vertices: np.ndarray
    area: np.ndarray
    triangles: np.ndarray
    places: dict[str, np.ndarray]
    mean: np.ndarray


@dataclass(frozen=True)
class Likeness:
    """One head against the true one, after similarity alignment.

    Attributes:
        distance: mm, mean over the face from each place to the same place.
        nearest: mm, the same to the nearest place of the true surface.
        signed: mm along the true outward normal at each of ``PLACES``; + stands too far out.
    """

    distance: float
    nearest: float
    signed: np.ndarray


def face_of(model: HeadModel) -> Face:
    """The skin of brow, cheeks, nose, mouth, chin and front of the jaw."""
    topology, mean = model.topology, model.mean.astype(float)
    inside = topology.region("face") > 0.5
    vertices = np.flatnonzero(inside)
    skin = topology.head_triangles
    corners = mean[skin]
    size = 0.5 * np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1)
    area = np.bincount(skin.ravel(), np.repeat(size / 3, 3), len(mean))[vertices]
    marks = model.landmarks(mean)
    places = {
        name: np.flatnonzero(np.linalg.norm(mean[vertices] - marks[landmark], axis=1) < SPOT_RADIUS)
        for name, landmark in SPOTS.items()
    }
    places |= {name: np.flatnonzero(topology.region(region)[vertices] > 0.5) for name, region in REGIONS.items()}
    return Face(vertices, area / area.sum(), skin[inside[skin].any(1)], places, mean[vertices])


def aligned(face: Face, head: np.ndarray, onto: np.ndarray) -> np.ndarray:
    """(V, 3) mm: a head moved, turned and scaled so that its face lies on another, by weighted least squares.

    Args:
        head, onto: (V, 3) mm. Method: Umeyama 1991.
    """
    weight = face.area[:, None]
    a, b = head[face.vertices].astype(float), onto[face.vertices].astype(float)
    from_, to = (weight * a).sum(0), (weight * b).sum(0)
    a, b = a - from_, b - to
    u, values, vt = np.linalg.svd((weight * b).T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = values @ sign / (weight * a**2).sum()
    return scale * (head - from_) @ ((u * sign) @ vt).T + to


def compared(face: Face, head: np.ndarray, truth: np.ndarray) -> Likeness:
    """A head (V, 3) mm against the true one (V, 3) mm."""
    moved = aligned(face, head, truth)[face.vertices]
    true = truth[face.vertices].astype(float)
    triangles, weights = closest_on_triangles(moved, truth, face.triangles, NEIGHBOURS)
    closest = (weights[..., None] * truth[triangles]).sum(1)
    out = ((moved - true) * vertex_normals(truth.astype(float), face.triangles)[face.vertices]).sum(1)
    distance, nearest = (face.area @ np.linalg.norm(moved - other, axis=1) for other in (true, closest))
    signed = [out[at] @ face.area[at] / face.area[at].sum() for at in face.places.values()]
    return Likeness(float(distance), float(nearest), np.array(signed))


def resting_measures(model: HeadModel, head: np.ndarray) -> dict[str, float]:
    """What expressions move, in mm on a neutral head (V, 3) mm; both sides together.

    Heights of the eyes' aperture, of the brows above the outer eye corners and of the lips' gap; width of the mouth,
    height of its corners over its middle; height of the lower face and of both lips together.
    """
    at = model.landmarks(head.astype(float))
    apart = {
        "aperture": ((159, 145), (386, 374)), "lip gap": ((13, 14),), "mouth width": ((61, 291),),
        "lower face": ((2, 152),), "lips": ((0, 17),),
    }
    out = {name: float(np.mean([np.linalg.norm(at[a] - at[b]) for a, b in pairs])) for name, pairs in apart.items()}
    out["brows"] = float(at[[105, 334], 1].mean() - at[[33, 263], 1].mean())
    out["mouth corners"] = float(at[[61, 291], 1].mean() - at[13, 1])
    return out


def fullness(model: HeadModel, head: np.ndarray) -> dict[str, float]:
    """Measures of a heavy or a gaunt face, mm on a neutral head (V, 3) mm laid on the mean head.

    Width of the face before the ears, of the lower cheeks and of the jaw; of the neck ``NECK`` mm below the chin; how
    far the skin under the chin lies below it (a double chin hangs lower); length of the ear.
    """
    topology, mean = model.topology, model.mean.astype(float)
    at, chin = model.landmarks(head.astype(float)), model.landmarks(mean)[152]
    out = {name: float(np.linalg.norm(at[a] - at[b])) for name, (a, b) in WIDTHS.items()}
    ring = (topology.region("neck") > 0.5) & (np.abs(mean[:, 1] - (chin[1] - NECK)) < RING)
    sides = ring & (np.abs(mean[:, 0]) > np.percentile(np.abs(mean[ring, 0]), 85))
    out["neck width"] = float(2 * np.abs(head[sides, 0]).mean())
    below = chin[1] - mean[:, 1]
    under = (np.abs(mean[:, 0]) < 8) & (below > 6) & (below < 30) & (mean[:, 2] > mean[ring, 2].max() - 25)
    under[topology.part_slice("head").stop :] = False
    out["under the chin"] = float(head[under, 1].mean() - at[152, 1])
    ear = (topology.region("ear") > 0.5) & (mean[:, 0] > 0)
    out["ear length"] = float(np.ptp(head[ear, 1]))
    return out


def deviations(face: Face, heads: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(m, 3 n) how heads differ from the mean one when laid on it: mm times the root of the area share.

    The squared length of a row is the mean squared distance over the face.

    Args:
        heads: (m, V, 3) mm; mean: (V, 3) mm.
    """
    moved = np.stack([aligned(face, head, mean)[face.vertices] for head in heads]) - mean[face.vertices]
    return (moved * np.sqrt(face.area)[:, None]).reshape(len(heads), -1)


@dataclass(frozen=True)
class Distinctness:
    """How much of what tells people apart is found again.

    Attributes:
        slope: of found deviations from these people's mean on the true ones; 1 is right, 0 is one head for all.
        correlation: of both.
        spread: length of the found deviations over that of the true ones.
        identified: people whose found head is nearer to their own true head than to anybody else's.
        identified_centred: the same of deviations from the mean of the found, and of the true heads.
        people: how many there are.
    """

    slope: float
    correlation: float
    spread: float
    identified: int
    identified_centred: int
    people: int


def distinctness(found: np.ndarray, true: np.ndarray) -> Distinctness:
    """Of ``deviations`` (m, k) found and true, one row a person, at least two."""
    q, t = found - found.mean(0), true - true.mean(0)
    together, own, others = (q * t).sum(), (q**2).sum(), (t**2).sum()
    return Distinctness(
        float(together / others), float(together / np.sqrt(own * others)), float(np.sqrt(own / others)),
        _identified(found, true), _identified(q, t), len(found),
    )


def explained(found: np.ndarray, true: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """(...,) share of the variance about the mean head that is found: 1 is right, 0 is the mean head, less is worse.

    Args:
        found, true: (m, ...) of m people; mean: (...,) of the mean head.
    """
    return 1.0 - ((found - true) ** 2).sum(0) / ((true - mean) ** 2).sum(0)


def _identified(found: np.ndarray, true: np.ndarray) -> int:
    apart = ((found[:, None] - true[None]) ** 2).sum(2)
    return int((apart.argmin(1) == np.arange(len(found))).sum())
