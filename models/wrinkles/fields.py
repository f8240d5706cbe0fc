"""Fields that wrinkles follow, at vertices or at texels: line directions by family, drive and memory by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...core.head.model import HeadTopology
from ...core.image.filters import smoothstep
from ...core.mesh.operators import blur_matrix, quads_to_triangles, vertex_normals
from .face_frame import face_frame
from .folds import fold_direction
from .groups import FOLDS, GROUPS
from .habits import HABITS, habit_of
from .line_directions import anatomical_direction, blended_direction, compression_across, tangent_axes, to_vectors
from .line_group import LineGroup
from .strain import expression_delta, log_strain

MAX_EXCESS = 0.6  # strain beyond this is a crushed mesh
DIFFUSION = 3  # blur iterations that carry line directions a little beyond the lines
# regions without wrinkles of the atlas; a name the model does not have is skipped
BARE_REGIONS = ("eye_socket_inner", "mouth_inner", "nostril", "ear", "brow")


@dataclass(frozen=True)
class Driven:
    """Strain of each habitual expression at n points.

    Attributes:
        frame: (n, 3) in the face frame.
        axes: (n, 2, 3) tangent axes.
        strain: one (n, 3, 3) per entry of ``HABITS``.
        masks: {group: (n,)}.
    """

    frame: np.ndarray
    axes: np.ndarray
    strain: tuple[np.ndarray, ...]
    masks: dict[str, np.ndarray]

    def strain_of(self, group: LineGroup) -> np.ndarray:
        """(n, 3, 3) strain of the expression that creases a group."""
        return self.strain[habit_of(group.driver)]


def vertex_fields(
    topology: HeadTopology, mean: np.ndarray, expression_basis: np.ndarray, expression_names: Sequence[str]
) -> Driven:
    """Fields at the head part's vertices of the mean head."""
    head = topology.part_slice("head")
    rest = mean[head].astype(np.float64)
    triangles = quads_to_triangles(topology.part_faces("head"))
    blur = blur_matrix(topology.head_edges, head.stop)
    strain = []
    for expression, _ in HABITS:
        posed = rest + expression_delta(expression, expression_basis, expression_names)[head]
        tensor = log_strain(rest, posed, triangles).reshape(-1, 9)
        strain.append((0.5 * tensor + 0.5 * (blur @ tensor)).reshape(-1, 3, 3))
    frame = face_frame(topology, mean)[head]
    bare = bare_skin(topology)[head]
    masks = {group.name: group.mask(frame) * (1.0 - bare) for group in GROUPS}
    return Driven(frame, tangent_axes(vertex_normals(rest, triangles)), tuple(strain), masks)


def bare_skin(topology: HeadTopology) -> np.ndarray:
    """(V,) in [0, 1]: where the atlas has no lines."""
    bare = np.zeros(topology.vertex_count)
    for name in BARE_REGIONS:
        if name in topology.region_names:
            bare = np.maximum(bare, topology.region(name))
    return bare


def group_direction(group: LineGroup, at: Driven) -> np.ndarray:
    """(n,) complex direction of one group's lines."""
    return blended_direction(anatomical_direction(group.direction, at.frame), at.axes, at.strain_of(group))


def family_direction(family: int, at: Driven) -> np.ndarray:
    """(n,) complex direction of a family's lines; its modulus says how much of them is here.

    Groups of one family that meet are blended, so that their lines run into each other and not across.
    """
    total = sum(
        (at.masks[group.name] ** 2 * group_direction(group, at) for group in GROUPS
         if group.family == family and not group.resting),
        np.zeros(len(at.frame), complex),
    )
    for fold in FOLDS:
        if fold.family == family and fold.dynamic > 0.0:
            direction, weight = fold_direction(fold, at.frame)
            total = total + weight * direction
    return total


def excess_strain(group: LineGroup, at: Driven, direction: np.ndarray, habit: int | None = None) -> np.ndarray:
    """(n,) excess strain across lines of a direction: clip(compression gain - threshold, 0, 0.6) x mask.

    Args:
        group: gain, threshold and mask.
        at: fields.
        direction: (n,) complex.
        habit: row of ``HABITS``; the group's own by default.
    """
    strain = at.strain[habit_of(group.driver) if habit is None else habit]
    compression = compression_across(strain, direction, at.axes)
    return np.clip(compression * group.gain - group.threshold, 0.0, MAX_EXCESS) * at.masks[group.name]


def buckling_depth(group: LineGroup, excess: np.ndarray) -> np.ndarray:
    """Depth (mm) of a line under excess strain: cap tanh(lambda sqrt(eps) / (pi cap)), the law of a buckled sheet."""
    return group.cap * np.tanh(group.wavelength * np.sqrt(excess) / (np.pi * group.cap))


def memory_depth(group: LineGroup, at: Driven, direction: np.ndarray) -> np.ndarray:
    """(n,) mm that a lifetime of the habitual expressions leaves: depth of the strain (sum_e h_e sqrt(eps_e))²."""
    total = sum(h * np.sqrt(excess_strain(group, at, direction, e)) for e, (_, h) in enumerate(HABITS))
    return buckling_depth(group, np.clip(total**2, 0.0, MAX_EXCESS) + group.prior * at.masks[group.name])


def wrinkle_normals(
    topology: HeadTopology, mean: np.ndarray, expression_basis: np.ndarray, expression_names: Sequence[str]
) -> np.ndarray:
    """Direction across the wrinkle lines of the two families at every vertex of the mean head.

    Args:
        topology: mesh and region masks ("lips" is needed); its own ``wrinkle_normals`` are not read.
        mean: (V, 3) mm.
        expression_basis: (52, V, 3) mm.
        expression_names: their names.

    Returns:
        (2, V, 3) float32 unit tangents, smooth up to sign, zero where a family has no lines.
    """
    at = vertex_fields(topology, mean, expression_basis, expression_names)
    head = topology.part_slice("head")
    blur = blur_matrix(topology.head_edges, head.stop)
    normals = np.zeros((2, topology.vertex_count, 3), np.float32)
    bare = bare_skin(topology)[head]
    for row, family in enumerate((1, 2)):
        direction = family_direction(family, at)
        for _ in range(DIFFUSION):
            direction = blur @ direction
        lines = (np.abs(direction) > 0.03) & (bare < 0.9) & (smoothstep(at.frame[:, 2], -46.0, -40.0) > 0)
        normals[row, head][lines] = to_vectors(-direction, at.axes)[lines]
    return normals
