"""Landmarks of heads whose identity, expression, pose and camera are known."""

from __future__ import annotations

import numpy as np
from furrow.core.fit.coarse import Observation
from furrow.core.fit.terms import NET_TILT
from furrow.core.head.camera import Camera, Pose, rotation_matrix
from furrow.core.head.fitted import Landmarks
from furrow.core.head.model import HeadModel

EYES = np.array([33, 263])


def some_identity(model: HeadModel, seed: int, leading: int = 12) -> np.ndarray:
    """(K,) coefficients: the leading ones normal with variance 1, the others zero."""
    identity = np.zeros(len(model.identity_basis))
    identity[:leading] = np.random.default_rng(seed).normal(size=leading)
    return identity


def expression_weights(model: HeadModel, **shapes: float) -> np.ndarray:
    """(52,) weights of the named shapes."""
    weights = np.zeros(len(model.expression_names))
    for name, value in shapes.items():
        weights[model.expression_names.index(name)] = value
    return weights


def observe(model: HeadModel, identity: np.ndarray, shapes: dict[str, float] | None = None, turn=(0.0, 0.0, 0.0),
            focal: float = 1500.0, distance: float = 850.0, exif: float | None = None, noise: float = 0.5,
            seed: int = 0, photo: str = "head.jpg") -> tuple[Observation, Pose]:
    """A photo of 1000 x 1000 pixels of a head at ``distance`` mm, turned by a rotation vector (radians).

    Pixels and depth get Gaussian noise of ``noise`` pixels, and the depth has the net's tilt. Returns the observation
    and the true pose.
    """
    rng = np.random.default_rng(seed)
    weights = expression_weights(model, **(shapes or {}))
    head = model.neutral(identity) + np.tensordot(weights.astype(np.float32), model.expression_basis, 1)
    pose = Pose(rotation_matrix(np.array(turn)) @ np.diag([1.0, -1, -1]), np.array([12.0, -20.0, distance]))
    points = pose.apply(model.landmarks(head.astype(float)))
    pixels = Camera(focal, focal, 500, 500, 1000, 1000).project(points) + rng.normal(0, noise, (478, 2))
    tilted = points[:, 2] + np.tan(NET_TILT) * points[:, 1]
    depth = (tilted - tilted.mean()) / points[:, 2].mean() * focal + rng.normal(0, noise, 478)
    box = np.concatenate([pixels.min(0), pixels.max(0)])
    return Observation(Landmarks(pixels, depth, np.full(478, noise), 0.99, box), 1000, 1000, exif, photo), pose


def degrees_between(first: np.ndarray, second: np.ndarray) -> float:
    """Angle between two rotations (3, 3)."""
    return float(np.degrees(np.arccos(np.clip((np.trace(first @ second.T) - 1) / 2, -1, 1))))


def aligned_distance(source: np.ndarray, target: np.ndarray) -> float:
    """Mean distance of points (n, 3) after the best similarity (Umeyama 1991)."""
    a, b = source - source.mean(0), target - target.mean(0)
    u, values, vt = np.linalg.svd(b.T @ a)
    sign = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    scale = (values @ sign) / (a**2).sum()
    return float(np.linalg.norm(b - scale * a @ ((u * sign) @ vt).T, axis=1).mean())
