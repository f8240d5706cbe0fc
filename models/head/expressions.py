"""The 52 ARKit shapes from MakeHuman's face units: mirrored exactly, eyeballs turned rigidly, lashes on their lids,
the brow shapes with a moving forehead.
"""

from __future__ import annotations

import zipfile

import numpy as np
from scipy.spatial import cKDTree

from ...core.head.camera import rotation_matrix
from ...core.head.model import JOINTS
from ...core.image.filters import smoothstep
from ..population.sampled import mirrored
from ..sources import makehuman
from ..sources.makehuman import BaseMesh
from ..sources.topology import SourceTopology
from .membrane import FOLD_COSINE, membrane, smooth_folds
from .mouth_shapes import PURSES, pursed
from .untangle import untangled_shapes

# degrees that the eyeball turns at weight 1, axis of the left eye (x left, y up, z forward), and how much further the
# lids go than in the source, whose eyes turn by 10 to 15 degrees
GAZE = {
    "eyeLookDownLeft": (15.0, (1.0, 0.0, 0.0), 1.1),
    "eyeLookUpLeft": (18.0, (-1.0, 0.0, 0.0), 1.4),
    "eyeLookInLeft": (28.0, (0.0, -1.0, 0.0), 1.4),
    "eyeLookOutLeft": (28.0, (0.0, 1.0, 0.0), 1.4),
}
RAISED_BROWS = ("browInnerUp", "browOuterUpLeft", "browOuterUpRight")
FREE_REGIONS = ("forehead", "temple", "glabella", "brow")
KEPT_REGIONS = ("upper_lid", "nose", "eye_socket_inner", "ear")
KEPT_SHARE = (0.5, 0.85)  # skin that moves more than this share of the largest displacement is the brow itself
HAIRLINE = (70.0, 95.0)  # mm above the eyes over which the movement fades out
UNSMOOTHED = ("eyeBlinkLeft", "eyeBlinkRight")  # closed lids matter more than smooth ones
# a slit at the outer corner of the eye, a groove beside the corner of the mouth
SOFT_FOLDED, SOFT_FOLD = ("cheekSquintLeft", "cheekSquintRight", "mouthSmileLeft", "mouthSmileRight"), 0.6
UNSMOOTHED_REGIONS = ("eye_socket_inner", "mouth_inner", "nostril", "lips")
LASH_NEIGHBOURS = 6
LASH_ROOT_GAP = 0.8  # mm
LID_OVERLAP = 0.05  # radians around the eye
BLINK_SHARE = (0.4, 1.0)
CHIN_PAD = ((0.0, -97.0), (19.0, 14.0), 70.0)  # mm: centre and radii of the skin that the mentalis gathers, back end
CHIN_GATHER = 0.14  # of the distance to the centre


def counterpart(name: str) -> str:
    """The ARKit name on the other side; the name itself when it has none."""
    if name.endswith("Left"):
        return name[: -len("Left")] + "Right"
    if name.endswith("Right"):
        return name[: -len("Right")] + "Left"
    return name


def build_expressions(
    names: tuple[str, ...], raw: np.ndarray, base: BaseMesh, topology: SourceTopology, mean: np.ndarray,
    joints: np.ndarray, regions: dict[str, np.ndarray], landmarks: np.ndarray,
) -> np.ndarray:
    """(52, V, 3) mm displacements of the shapes, mirror-symmetric as a set. "Left" is the character's left, +x.

    Args:
        names, raw: of ``read_expressions``.
        mean: (V, 3) mm; joints: (J, 2, 3) mm of the mean head.
        regions: masks (V,) by name; landmarks: (478, 3) mm on the mean head.
    """
    deltas = raw.copy()
    # the source's soft selections reach through the head: lids of one eye pull at the other socket and the palate
    own_side = smoothstep(mean[:, :1], -4.0, 4.0) * (1.0 - regions["mouth_inner"][:, None])
    for row, name in enumerate(names):
        if name.startswith("eye") and name.endswith("Left"):
            deltas[row] *= own_side
            deltas[names.index(counterpart(name))] = mirrored(deltas[row], topology.mirror)
    for name in GAZE:
        _turn_eye(name, names, deltas, base, topology, mean, joints)
    head = topology.part_slice("head")
    for row in (names.index(name) for name in RAISED_BROWS):
        free = free_skin(mean, regions, deltas[row])[head]
        deltas[row, head] = membrane(mean[head], topology.head_faces, deltas[row, head], free)
    _close_eye(names, deltas, base, topology, mean, joints)
    for name in PURSES:
        row = names.index(name)
        deltas[row] = pursed(name, deltas[row], mean, topology, landmarks, regions)
    deltas[names.index("mouthShrugLower"), head] += gathered_chin(mean[head])
    outside = 1.0 - np.maximum.reduce([regions[name] for name in UNSMOOTHED_REGIONS])
    for row, name in enumerate(names):
        if name not in UNSMOOTHED:
            sharpest = SOFT_FOLD if name in SOFT_FOLDED else FOLD_COSINE
            deltas[row, head] = smooth_folds(
                mean[head], topology.head_faces, deltas[row, head], outside[head] > 0.95, sharpest
            )
    _carry_lower_lashes(deltas, base, topology, mean, regions["eye_socket_inner"])
    deltas = untangled_shapes(names, symmetrised(names, deltas, topology.mirror), topology, mean)
    return symmetrised(names, deltas, topology.mirror)


def read_expressions(
    wheel: zipfile.ZipFile, base: BaseMesh, topology: SourceTopology
) -> tuple[tuple[str, ...], np.ndarray]:
    """ARKit names, alphabetical, and (52, V, 3) mm displacements of the source, mirror-symmetric as a set."""
    names = tuple(makehuman.face_unit_names(wheel))
    count = len(base.vertices)
    deltas = np.stack([makehuman.read_face_unit(wheel, name, count)[topology.source] for name in names])
    deltas = deltas.astype(float) * makehuman.MM_PER_UNIT
    return names, symmetrised(names, deltas, topology.mirror)


def symmetrised(names: tuple[str, ...], deltas: np.ndarray, mirror: np.ndarray) -> np.ndarray:
    """(E, V, 3) each shape averaged with the mirror image of its counterpart."""
    other = [names.index(counterpart(name)) for name in names]
    return 0.5 * (deltas + mirrored(deltas, mirror)[other])


def free_skin(mean: np.ndarray, regions: dict[str, np.ndarray], delta: np.ndarray) -> np.ndarray:
    """(V,) in [0, 1]: skin between a raised brow and the hairline that the membrane moves.

    Args:
        mean: (V, 3) mm; regions: masks (V,) by name; delta: (V, 3) mm, the shape as given.
    """
    above = regions["scalp"] * (1.0 - smoothstep(mean[:, 1], *HAIRLINE)) * smoothstep(mean[:, 2], 30.0, 60.0)
    free = np.maximum.reduce([above, *(regions[name] for name in FREE_REGIONS)])
    kept = np.maximum.reduce([regions[name] for name in KEPT_REGIONS])
    length = np.linalg.norm(delta, axis=1)
    return free * (1.0 - kept) ** 2 * (1.0 - smoothstep(length / length.max(), *KEPT_SHARE))


def gathered_chin(points: np.ndarray) -> np.ndarray:
    """(n, 3) mm by which the mentalis draws the skin of the chin together; the source leaves it as it is.

    Args:
        points: (n, 3) mm at rest.
    """
    (x, y), (across, along), back = CHIN_PAD
    offset = points * [1.0, 1.0, 0.0] - [x, y, 0.0]
    away = np.hypot(offset[:, 0] / across, offset[:, 1] / along)
    share = CHIN_GATHER * (1.0 - smoothstep(away, 0.4, 1.0)) * smoothstep(points[:, 2], back, back + 20.0)
    return -share[:, None] * offset


def _turn_eye(
    name: str, names: tuple[str, ...], deltas: np.ndarray, base: BaseMesh, topology: SourceTopology, mean: np.ndarray,
    joints: np.ndarray,
) -> None:
    """Set a gaze shape of the left eye, and its counterpart: the eyeball exactly, the lids further by its factor."""
    angle, axis, reach = GAZE[name]
    rotation = rotation_matrix(np.radians(angle) * np.array(axis))
    members = topology.members(base, "helper-l-eye")
    centre = joints[JOINTS.index("eye.L"), 0]
    row, other = names.index(name), names.index(counterpart(name))
    delta = deltas[row] * reach
    delta[members] = (mean[members] - centre) @ (rotation - np.eye(3)).T
    deltas[row] = delta
    deltas[other] = mirrored(delta, topology.mirror)


def _carry_lower_lashes(
    deltas: np.ndarray, base: BaseMesh, topology: SourceTopology, mean: np.ndarray, socket: np.ndarray
) -> None:
    """Move the lower lashes with the skin around their roots; the source leaves them behind in most shapes."""
    head = topology.part_slice("head")
    skin = np.flatnonzero(socket[head] < 0.5)
    tree = cKDTree(mean[skin])
    for group in ("helper-l-eyelashes-1", "helper-r-eyelashes-1"):
        members = topology.members(base, group)
        distance, nearest = tree.query(mean[members], k=1)
        roots = members[np.argsort(distance)[: len(members) // 3]]
        _, near_skin = tree.query(mean[roots], k=LASH_NEIGHBOURS)
        at_roots = deltas[:, skin[near_skin]].mean(2)
        gap, near_root = cKDTree(mean[roots]).query(mean[members], k=LASH_NEIGHBOURS)
        weight = 1.0 / (gap + 0.5) ** 2
        weight /= weight.sum(1, keepdims=True)
        deltas[:, members] = (at_roots[:, near_root] * weight[..., None]).sum(2)


def _close_eye(
    names: tuple[str, ...], deltas: np.ndarray, base: BaseMesh, topology: SourceTopology, mean: np.ndarray,
    joints: np.ndarray,
) -> None:
    """End the blink where the lids meet: the source's upper lid, made for a wider eye, goes past the lower one.

    Around the eye's horizontal axis every vertex keeps the arc of the source but goes only the share of it that brings
    the upper lid's margin, found at the roots of the lashes, to the lower lid's.
    """
    row, other = names.index("eyeBlinkLeft"), names.index("eyeBlinkRight")
    _, centre_y, centre_z = joints[JOINTS.index("eye.L"), 0]

    def polar(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y, z = points[:, 1] - centre_y, points[:, 2] - centre_z
        return np.hypot(y, z), np.arctan2(y, z)

    upper, lower = (_lash_roots(base, topology, mean, f"helper-l-eyelashes-{k}") for k in (2, 1))
    closed = mean + deltas[row]
    start, end = polar(mean[upper])[1], polar(closed[upper])[1]
    lower_margin = np.polyfit(mean[lower, 0], polar(closed[lower])[1], 2)
    goal = np.polyval(lower_margin, closed[upper, 0]) - LID_OVERLAP
    share = np.polyfit(mean[upper, 0], np.clip((goal - start) / (end - start), *BLINK_SHARE), 3)
    low, high = np.percentile(mean[upper, 0], [5, 95])
    along = np.clip(np.polyval(share, np.clip(mean[:, 0], low, high)), *BLINK_SHARE)
    radius, angle = polar(mean)
    end_radius, end_angle = polar(closed)
    radius = radius + along * (end_radius - radius)
    # behind the eye's axis angles wrap around
    angle = angle + along * (np.mod(end_angle - angle + np.pi, 2 * np.pi) - np.pi)
    moved = np.column_stack([
        mean[:, 0] + along * deltas[row, :, 0], centre_y + radius * np.sin(angle), centre_z + radius * np.cos(angle)
    ])
    touched = np.abs(deltas[row]).max(1) > 0
    deltas[row] = np.where(touched[:, None], moved - mean, 0.0)
    deltas[other] = mirrored(deltas[row], topology.mirror)


def _lash_roots(base: BaseMesh, topology: SourceTopology, mean: np.ndarray, group: str) -> np.ndarray:
    """Vertices of one strip of lashes that touch the skin."""
    members = topology.members(base, group)
    distance, _ = cKDTree(mean[topology.part_slice("head")]).query(mean[members])
    return members[distance < LASH_ROOT_GAP]
