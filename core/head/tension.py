"""Tension of the skin from edge lengths: where wrinkles are pushed together or pulled flat.

At edge e with rest direction ê the ratio r_e is deformed length over rest length. Per vertex v

    T(v) = mean_e(r_e ê ê^T) : n n^T / (mean_e(ê ê^T) : n n^T)

is the ratio along n, the direction across the wrinkle lines, i.e. a mean with weights (ê . n)². Written as a mean of
edge tensors contracted at the vertex it needs only what Blender's nodes have, and both compute the same. Uniform
weights give the published form, 1 - mean_e(r_e) (HiFace's SD-DeTail; Raman et al., mesh-tension driven wrinkles).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..mesh.operators import blur_matrix, edge_to_point
from .model import HeadTopology

TENSION_GAIN = 4.0  # a strong brow raise shortens the forehead by a quarter where it shortens most
RATIO_RANGE = (0.4, 2.5)  # of an edge's lengths, beyond which the mesh is crushed
BLUR_ITERATIONS = 2  # over the mesh: single edges are noise; in Blender's nodes the same
# how much of the tension a region keeps: edge ratios at lid and lip margins are extreme and mean nothing for skin
REGION_LOSS = {
    "eye_socket_inner": 1.0, "mouth_inner": 1.0, "nostril": 1.0, "upper_lid": 0.9, "lower_lid": 0.6, "lips": 0.5,
}


@dataclass(frozen=True)
class Tension:
    """Tension per head vertex, each (V_head,) float32 in [0, 1].

    Attributes:
        compression_1, compression_2: skin pushed together across the lines of families 1 and 2.
        stretch: skin pulled longer, in the mean over all edges.
    """

    compression_1: np.ndarray
    compression_2: np.ndarray
    stretch: np.ndarray

    def stack(self) -> np.ndarray:
        """(V_head, 3) in the order above."""
        return np.stack([self.compression_1, self.compression_2, self.stretch], axis=-1)


@dataclass(frozen=True)
class TensionWeights:
    """What tension needs of one rest shape.

    Attributes:
        edges: (E, 2) int32 edges of the head part.
        rest_length: (E,) mm.
        diagonal, off_diagonal: (E, 3) entries xx, yy, zz and xy, yz, zx of ê ê^T.
        points: (2 families, 2, V_head, 3), see ``point_weights``.
        mask: (V_head,) factor of all three results.
        mean: (V_head, E) mean over the edges at a vertex.
        blur: (V_head, V_head) one blur iteration.
    """

    edges: np.ndarray
    rest_length: np.ndarray
    diagonal: np.ndarray
    off_diagonal: np.ndarray
    points: np.ndarray
    mask: np.ndarray
    mean: sparse.csr_matrix
    blur: sparse.csr_matrix


def edge_tensors(rest: np.ndarray, edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Entries of ê ê^T of each edge at rest: diagonal (E, 3) xx, yy, zz and off-diagonal (E, 3) xy, yz, zx.

    An edge of no length gives zeros.
    """
    vector = rest[edges[:, 1]].astype(np.float64) - rest[edges[:, 0]]
    length = np.linalg.norm(vector, axis=1, keepdims=True)
    unit = vector / np.where(length > 0, length, 1.0)
    return unit * unit, unit * unit[:, [1, 2, 0]]


def point_weights(topology: HeadTopology, rest: np.ndarray) -> np.ndarray:
    """Contraction with n n^T at each vertex, divided by that of the plain edge mean.

    Args:
        topology: its ``wrinkle_normals`` are n.
        rest: (V, 3) or (V_head, 3) mm.

    Returns:
        (2 families, 2, V_head, 3) float32: [:, 0] multiplies mean_e(r_e (xx, yy, zz)), [:, 1] multiplies
        mean_e(r_e (xy, yz, zx)); their sum over both is T. Zero where a family has no lines: no compression there.
    """
    head = topology.part_slice("head")
    count = head.stop
    mean = edge_to_point(topology.head_edges, count)
    diagonal, off_diagonal = (mean @ entries for entries in edge_tensors(rest, topology.head_edges))
    n = topology.wrinkle_normals[:, head].astype(np.float64)
    square, product = n * n, 2.0 * n * n[..., [1, 2, 0]]
    whole = (square * diagonal + product * off_diagonal).sum(-1, keepdims=True)
    scale = np.where(whole > 1e-4, 1.0 / np.maximum(whole, 1e-4), 0.0)
    return np.stack([square * scale, product * scale], axis=1).astype(np.float32)


def tension_mask(topology: HeadTopology) -> np.ndarray:
    """(V_head,) float32 factor that keeps lid and lip margins, nostrils and inner mouth out of the tension."""
    head = topology.part_slice("head")
    mask = np.ones(head.stop, np.float32)
    for name, loss in REGION_LOSS.items():
        if name in topology.region_names:
            mask = np.minimum(mask, 1.0 - loss * topology.region(name)[head])
    return mask


def tension_weights(topology: HeadTopology, rest: np.ndarray) -> TensionWeights:
    """Prepare the tension of poses of one rest shape (V, 3) or (V_head, 3) mm."""
    count = topology.part_slice("head").stop
    edges = topology.head_edges
    diagonal, off_diagonal = edge_tensors(rest, edges)
    return TensionWeights(
        edges=edges,
        rest_length=np.linalg.norm(rest[edges[:, 1]].astype(np.float64) - rest[edges[:, 0]], axis=1),
        diagonal=diagonal,
        off_diagonal=off_diagonal,
        points=point_weights(topology, rest),
        mask=tension_mask(topology),
        mean=edge_to_point(edges, count),
        blur=blur_matrix(edges, count),
    )


def edge_ratios(weights: TensionWeights, posed: np.ndarray) -> np.ndarray:
    """(E,) deformed over rest length of posed (V, 3) or (V_head, 3), clamped to ``RATIO_RANGE``; 1 for a null edge."""
    length = np.linalg.norm(posed[weights.edges[:, 1]].astype(np.float64) - posed[weights.edges[:, 0]], axis=1)
    ratio = np.where(weights.rest_length > 0, length / np.where(weights.rest_length > 0, weights.rest_length, 1.0), 1.0)
    return np.clip(ratio, *RATIO_RANGE)


def directional_ratios(weights: TensionWeights, posed: np.ndarray) -> np.ndarray:
    """(2, V_head) T of each family: length ratio across its lines; 1 where the family has no lines."""
    ratio = edge_ratios(weights, posed)[:, None]
    diagonal = weights.mean @ (ratio * weights.diagonal)
    off_diagonal = weights.mean @ (ratio * weights.off_diagonal)
    contracted = (weights.points[:, 0] * diagonal + weights.points[:, 1] * off_diagonal).sum(-1)
    return np.where(weights.points[:, 0].any(-1), contracted, 1.0)


def signed_tension(
    weights: TensionWeights, posed: np.ndarray, gain: float = TENSION_GAIN, directional: bool = True
) -> np.ndarray:
    """(V_head, 3) (1 - T) gain of families 1 and 2 and (mean ratio - 1) gain, before any limit, mask or blur."""
    uniform = weights.mean @ edge_ratios(weights, posed)
    across = directional_ratios(weights, posed) if directional else np.stack([uniform, uniform])
    return gain * np.stack([1.0 - across[0], 1.0 - across[1], uniform - 1.0], axis=-1)


def evaluate_tension(
    weights: TensionWeights, posed: np.ndarray, gain: float = TENSION_GAIN, directional: bool = True
) -> Tension:
    """Tension of posed (V, 3) or (V_head, 3) mm.

    compression = clamp((1 - T) gain, 0, 1) and stretch = clamp((mean ratio - 1) gain, 0, 1), times the mask, then two
    iterations of Blender's Blur Attribute. With ``directional`` False both families use the uniform mean ratio.
    """
    channels = masked_blur(weights, np.clip(signed_tension(weights, posed, gain, directional), 0.0, 1.0))
    return Tension(*channels.astype(np.float32).T)


def masked_blur(weights: TensionWeights, channels: np.ndarray) -> np.ndarray:
    """(V_head, k) times the mask, then blurred as the tension is."""
    channels = channels * weights.mask[:, None]
    for _ in range(BLUR_ITERATIONS):
        channels = weights.blur @ channels
    return channels


def tension(
    topology: HeadTopology, rest: np.ndarray, posed: np.ndarray, gain: float = TENSION_GAIN, directional: bool = True
) -> Tension:
    """Tension of one pose against one rest shape, both (V, 3) or (V_head, 3) mm; see ``evaluate_tension``."""
    return evaluate_tension(tension_weights(topology, rest), posed, gain, directional)
