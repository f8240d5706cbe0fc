"""Direction of the wrinkle lines: the strain of the driving expression where it is sure, anatomy elsewhere.

Lines have no sign, so a direction is the complex number exp(2 i theta), theta measured in the tangent plane from the
axis to the head's left towards the axis up the face. Blends and means are taken on those numbers.
"""

from __future__ import annotations

import numpy as np

from ...core.image.filters import smoothstep
from .face_frame import LIPS_Y
from .line_group import Field


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


def anatomical_direction(field: Field, frame: np.ndarray) -> np.ndarray:
    """(n,) complex direction of modulus 1 of a group's lines by anatomy, at points (n, 3) in the face frame.

    Args:
        field: one of the fields below; on the head's right it is mirrored.
    """
    across, up = field(np.abs(frame[:, 0]), frame[:, 1])
    return line_number(across * np.where(frame[:, 0] < 0, -1.0, 1.0), up)


def along_brow(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Level, with the brow's arch."""
    return np.ones_like(x), -0.10 * np.sin(np.clip(x / 45.0, 0.0, 1.0) * np.pi * 1.3)


def upright_fan(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Upright between the brows, fanning upwards."""
    return 0.22 * np.clip((y - 8.0) / 25.0, -0.4, 1.0) * np.clip(x / 10.0, 0.0, 1.0), np.ones_like(x)


def from_canthus(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Away from a little inside the outer corner of the eye."""
    return x - 36.0, 1.05 * y


def along_lid(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Along the lower lid."""
    return np.ones_like(x), 0.55 * (x - 31.0) / 24.0


def up_the_nose(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """About 32 degrees up and outwards."""
    return 0.8 * np.ones_like(x), 0.50 - 0.35 * smoothstep(x, 12.0, 20.0)


def from_mouth(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Away from the slit of the mouth."""
    beyond, from_slit = x - np.clip(x, 0.0, 19.0), y - LIPS_Y
    return beyond + 0.12 * x, np.where(from_slit > 0, 1.0, -1.0) * np.maximum(np.abs(from_slit), 0.5)


def around_mouth_corner(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """In arcs around the corner of the mouth."""
    return -0.55 * (y - LIPS_Y - 3.5), x - 14.0


def upright(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Straight up."""
    return 0.0 * x, np.ones_like(x)


def askew(rise: float) -> Field:
    """The same slant everywhere: so much up for one across."""
    return lambda x, y: (np.ones_like(x), rise * np.ones_like(x))


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


def blended_direction(anatomy: np.ndarray, axes: np.ndarray, strain: np.ndarray) -> np.ndarray:
    """(n,) complex direction of a group's lines: anatomy (n,) complex, corrected by strain where the two roughly agree.

    The strain counts for w = 0.6 clip((e_max - e_min) / 0.15, 0, 1) smoothstep(0.6, 0.9, cos² of their angle).
    """
    measured, spread = strain_direction(strain, axes)
    agreement = 0.5 + 0.5 * (measured * np.conj(anatomy)).real
    weight = 0.6 * np.clip(spread / 0.15, 0.0, 1.0) * smoothstep(agreement, 0.6, 0.9)
    blend = weight * measured + (1.0 - weight) * anatomy
    return blend / np.maximum(np.abs(blend), 1e-9)


def compression_across(strain: np.ndarray, direction: np.ndarray, axes: np.ndarray) -> np.ndarray:
    """(n,) log compression across lines of a direction: positive where the skin gets shorter."""
    across = to_vectors(-direction, axes)
    return -((strain @ across[:, :, None])[..., 0] * across).sum(1)
