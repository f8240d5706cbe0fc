"""Direction of the wrinkle lines: the strain of the driving expression where it is sure, anatomy elsewhere.

Lines have no sign, so a direction is the complex number exp(2 i theta), theta measured in the tangent plane from the
axis to the head's left towards the axis up the face. Blends and means are taken on those numbers.
"""

from __future__ import annotations

import numpy as np

from ..core.geometry import smoothstep
from .wrinkle_groups import LIPS_Y


def tangent_axes(normals: np.ndarray) -> np.ndarray:
    """(n, 2, 3) unit tangents: towards the head's left, and up the face, of unit normals (n, 3)."""
    normals = normals.astype(np.float64)
    up = np.array([0.0, 1.0, 0.0]) - normals[:, 1:2] * normals
    up /= np.maximum(np.linalg.norm(up, axis=1, keepdims=True), 1e-6)
    return np.stack([np.cross(up, normals), up], axis=1)


def to_vectors(direction: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(n, 3) unit tangents along directions (n,) complex, of axes (n, 2, 3); the sign is arbitrary."""
    theta = 0.5 * np.angle(direction)
    return np.cos(theta)[:, None] * axes[:, 0] + np.sin(theta)[:, None] * axes[:, 1]


def anatomical_direction(group: str, frame: np.ndarray) -> np.ndarray:
    """Direction of a group's lines by anatomy.

    Forehead horizontal with the brow's arch; glabella vertical, fanning upwards; crow's feet radial from just outside
    the canthus; under-eye parallel to the lid; nose about 32 degrees up and outwards; lips and perioral radial from
    the mouth slit; mouth corner in arcs around it; temple as crow's feet go on; crepe askew to level lines.

    Args:
        group: name.
        frame: (n, 3) points in the face frame.

    Returns:
        (n,) complex of modulus 1.

    Raises:
        KeyError: no such group.
    """
    x, y = np.abs(frame[:, 0]), frame[:, 1]
    one = np.ones_like(x)
    beyond = x - np.clip(x, 0.0, 19.0)
    from_slit = y - LIPS_Y
    fields = {
        "forehead": (one, -0.10 * np.sin(np.clip(x / 45.0, 0.0, 1.0) * np.pi * 1.3)),
        "glabella": (0.22 * np.clip((y - 8.0) / 25.0, -0.4, 1.0) * np.clip(x / 10.0, 0.0, 1.0), one),
        "crows_feet": (x - 36.0, 1.05 * y),
        "under_eye": (one, 0.55 * (x - 31.0) / 24.0),
        "nose": (0.8 * one, 0.50 - 0.35 * smoothstep(x, 12.0, 20.0)),
        "perioral": (beyond + 0.12 * x, np.where(from_slit > 0, 1.0, -1.0) * np.maximum(np.abs(from_slit), 0.5)),
        "mouth_corner": (-0.55 * (y - LIPS_Y - 3.5), x - 14.0),
    }
    fields |= {"lips": fields["perioral"], "temple": fields["crows_feet"], "chin": (0.0 * x, one)}
    fields |= {"crepe": (one, 0.55 * one), "crepe_cross": (one, -0.75 * one)}
    across, up = fields[group]
    return line_number(across * np.where(frame[:, 0] < 0, -1.0, 1.0), up)


def line_number(across: np.ndarray, up: np.ndarray) -> np.ndarray:
    """exp(2 i theta) of vectors given along the two tangent axes."""
    direction = across + 1j * up
    return (direction / np.maximum(np.abs(direction), 1e-9)) ** 2


def strain_direction(strain: np.ndarray, axes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lines across the most compressed direction.

    Args:
        strain: (n, 3, 3) tangent tensors.
        axes: (n, 2, 3) tangent axes.

    Returns:
        (n,) complex direction of the lines, (n,) difference of the two principal strains.
    """
    plane = axes @ strain @ axes.transpose(0, 2, 1)
    # along theta the strain is mean + Re(number conj(exp(2 i theta))) / 2: lines run where it is largest
    number = (plane[:, 0, 0] - plane[:, 1, 1]) + 2j * plane[:, 0, 1]
    spread = np.abs(number)
    return number / np.maximum(spread, 1e-9), spread


def blended_direction(group: str, frame: np.ndarray, axes: np.ndarray, strain: np.ndarray) -> np.ndarray:
    """(n,) complex direction of a group's lines: anatomy, corrected by strain where the two roughly agree.

    The strain counts for w = 0.6 clip((e_max - e_min) / 0.15, 0, 1) smoothstep(0.6, 0.9, cos² of their angle).
    """
    anatomy = anatomical_direction(group, frame)
    measured, spread = strain_direction(strain, axes)
    agreement = 0.5 + 0.5 * (measured * np.conj(anatomy)).real
    weight = 0.6 * np.clip(spread / 0.15, 0.0, 1.0) * smoothstep(agreement, 0.6, 0.9)
    blend = weight * measured + (1.0 - weight) * anatomy
    return blend / np.maximum(np.abs(blend), 1e-9)


def compression_across(strain: np.ndarray, direction: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(n,) log compression across lines of a direction: positive where the skin gets shorter."""
    across = to_vectors(-direction, axes)
    return -((strain @ across[:, :, None])[..., 0] * across).sum(1)
