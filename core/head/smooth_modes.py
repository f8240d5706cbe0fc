"""Smooth displacements of the face that no identity coefficient makes, as a Gaussian process in a few modes.

The displacement of two points of the mean face is correlated by exp(-d^2 / (2 LENGTH^2)), d their distance, mirrored
points move as mirror images, and everything fades to zero towards scalp, ears and neck. Distances are taken through
space, so that both lips move alike and stay sealed; around an eye they are taken from the eye's centre, so that
eyeball, lids and lashes move as one. The modes are those of the process known at some centres (Nystroem), in units of
its standard deviation: further coefficients of a morphable model (Luethi et al. 2018, Gaussian Process Morphable
Models).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.spatial import cKDTree

from ..image.filters import smoothstep
from .model import HeadModel, HeadTopology

# mm, standard deviation of each coordinate where nothing fades. At 1.0 own people were found worse (.626 of the mean
# head's error against .608 and .601 without), at .5 another maker's heads and a scan as well or better than at either
SPREAD = 0.5
LENGTH = 35.0  # mm
SPACING = 24.0  # mm between the centres
FADING = 25.0  # mm from scalp, ears and neck
EYE = (17.0, 32.0)  # mm from an eye's centre: what is nearer moves with the eye, what is farther moves freely
STILL = ("scalp", "neck", "ear")
HIDDEN = ("mouth_inner", "nostril", "eye_socket_inner")
MIRROR = np.array([-1.0, 1.0, 1.0])
WEAKEST = 1e-3  # of the strongest mode: weaker ones are left out


def smooth_modes(model: HeadModel) -> np.ndarray:
    """(M, V, 3) float32 mm per standard deviation: mirror-symmetric smooth displacements of the mean head."""
    mean = model.mean.astype(float)
    at = _followed(model.topology, mean)
    fade = _fading(model.topology, mean, at)
    moving = np.flatnonzero(fade)
    centres = _centres(model.topology, mean, fade)
    near, far = _correlation(at[moving], centres), _correlation(at[moving], centres * MIRROR)
    near_own, far_own = _correlation(centres, centres), _correlation(centres, centres * MIRROR)
    # up and forward both sides move alike, sideways against each other
    alike = _whitened(near + far, near_own + far_own)
    apart = _whitened(near - far, near_own - far_own)
    parts = (apart, alike, alike)
    modes = np.zeros((sum(part.shape[1] for part in parts), len(mean), 3), np.float32)
    first = 0
    for axis, part in enumerate(parts):
        modes[first : first + part.shape[1], moving, axis] = (SPREAD * fade[moving, None] * part).T
        first += part.shape[1]
    return modes


def displaced(model: HeadModel, residual: np.ndarray | None) -> HeadModel:
    """The model with a displacement (V, 3) mm added to all its heads; the joints of the eyes move with the eyeballs."""
    if residual is None:
        return model
    joints = model.joints.copy()
    joints += joint_displacement(model, residual)
    return replace(model, mean=model.mean + residual.astype(np.float32), joints=joints)


def joint_displacement(model: HeadModel, residual: np.ndarray) -> np.ndarray:
    """(J, 2, 3) float32 mm by which the joints of the eyes follow a displacement (V, 3) of the head; others stay."""
    moved = np.zeros_like(model.joints)
    for eye in eye_vertices(model.topology, model.mean):
        middle = model.mean[eye].mean(axis=0)
        joint = np.linalg.norm(model.joints[:, 0] - middle, axis=1).argmin()
        moved[joint] = residual[eye].mean(axis=0)
    return moved


def eye_vertices(topology: HeadTopology, mean: np.ndarray) -> list[np.ndarray]:
    """Vertices of each eyeball, the character's right one (x < 0) first."""
    part = topology.part_slice("eyes")
    index = np.arange(part.start, part.stop)
    return [index[mean[index, 0] < 0], index[mean[index, 0] >= 0]]


def _followed(topology: HeadTopology, mean: np.ndarray) -> np.ndarray:
    """(V, 3) mm: the point of the mean head whose displacement each vertex takes."""
    at = mean.copy()
    for eye in eye_vertices(topology, mean):
        if len(eye):
            offset = at - mean[eye].mean(axis=0)
            distance = np.linalg.norm(offset, axis=1, keepdims=True)
            at += (smoothstep(distance, *EYE) - 1.0) * offset
    teeth, tongue = topology.part_slice("teeth"), topology.part_slice("tongue")
    if teeth.stop > teeth.start:
        at[teeth] = at[tongue] = mean[teeth].mean(axis=0)
    return at


def _fading(topology: HeadTopology, mean: np.ndarray, at: np.ndarray) -> np.ndarray:
    """(V,) share of its displacement that each vertex takes: 0 on scalp, ears and neck, 1 far from them."""
    still = np.zeros(topology.vertex_count, bool)
    for name in STILL:
        if name in topology.region_names:
            still |= topology.region(name) > 0.5
    if not still.any():
        return np.ones(topology.vertex_count)
    fade = smoothstep(cKDTree(mean[still]).query(at)[0], 0.0, FADING)
    fade[still] = 0.0
    return fade


def _centres(topology: HeadTopology, mean: np.ndarray, fade: np.ndarray) -> np.ndarray:
    """(c, 3) mm: vertices of the right half of the outer face, ``SPACING`` apart, from the middle outwards."""
    face = fade > 0.05
    face[topology.part_slice("head").stop :] = False
    face &= mean[:, 0] <= 1e-6
    for name in HIDDEN:
        if name in topology.region_names:
            face &= topology.region(name) < 0.5
    points = mean[face]
    points = points[np.argsort(-points[:, 0], kind="stable")]
    free = np.ones(len(points), bool)
    chosen = []
    while free.any():
        chosen.append(points[free.argmax()])
        free &= np.linalg.norm(points - chosen[-1], axis=1) > SPACING
    return np.array(chosen).reshape(-1, 3)


def _correlation(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(n, c) of points (n, 3) and (c, 3)."""
    return np.exp(-0.5 * ((first[:, None] - second) ** 2).sum(axis=2) / LENGTH**2)


def _whitened(points: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(n, m) modes of unit variance of a process with correlation ``points`` (n, c) to its centres, ``own`` (c, c)."""
    values, vectors = np.linalg.eigh(own)
    strong = values > WEAKEST * values[-1]
    return points @ (vectors[:, strong] / np.sqrt(values[strong]))
