"""Which skin an ARKit shape key moves: the masks by which baked displacement maps are blended.

Key expressions are disjoint sets of shape keys, each at weight 1, so that one shape drives one expression and the
masks of two expressions never mix at either of them. The set follows FaceScape (Yang et al. 2020), with left and
right, or jaw and mouth, joined where one mask tells them apart anyway.
"""

from __future__ import annotations

import numpy as np

from ..character.character import Character
from ..head.tension import TensionWeights, masked_blur, signed_tension
from ..mesh.operators import blur_matrix

NEUTRAL = "neutral"
KEY_EXPRESSIONS: dict[str, tuple[str, ...]] = {
    NEUTRAL: (),
    "brow_raise": ("browInnerUp", "browOuterUpLeft", "browOuterUpRight", "eyeWideLeft", "eyeWideRight"),
    "brow_lower": ("browDownLeft", "browDownRight"),
    "eyes_closed": ("eyeBlinkLeft", "eyeBlinkRight"),
    "squint": ("eyeSquintLeft", "eyeSquintRight", "cheekSquintLeft", "cheekSquintRight"),
    "sneer": ("noseSneerLeft", "noseSneerRight"),
    "cheek_puff": ("cheekPuff",),
    "smile": ("mouthSmileLeft", "mouthSmileRight"),
    "dimpler": ("mouthDimpleLeft", "mouthDimpleRight"),
    "sadness": ("mouthFrownLeft", "mouthFrownRight"),
    "mouth_stretch": ("mouthStretchLeft", "mouthStretchRight"),
    "grin": ("mouthUpperUpLeft", "mouthUpperUpRight", "mouthLowerDownLeft", "mouthLowerDownRight"),
    "jaw_open": ("jawOpen",),
    "jaw_forward": ("jawForward",),
    "mouth_left": ("mouthLeft", "jawLeft"),
    "mouth_right": ("mouthRight", "jawRight"),
    "chin_raiser": ("mouthShrugLower", "mouthShrugUpper"),
    "pucker": ("mouthPucker",),
    "funnel": ("mouthFunnel",),
    "lip_roll": ("mouthRollUpper", "mouthRollLower", "mouthPressLeft", "mouthPressRight"),
}
REACH = 0.02  # mm; skin that moves less has no mask: its tension is below a hundredth
STRONGEST, SATURATED = 4.0, 0.97  # tension before it is limited; from where on it is taken to be at the limit
FADE = 0.015  # tension from which on opposite strain next to it no longer counts
SPREAD = 5  # blur iterations of the displacement: tension reaches three edges beyond the skin that moves


def key_weights(character: Character, expression: str) -> np.ndarray:
    """(52,) float32 shape key weights of one of ``KEY_EXPRESSIONS``."""
    return np.isin(character.expression_names, KEY_EXPRESSIONS[expression]).astype(np.float32)


def shape_displacement(character: Character, shapes: tuple[str, ...]) -> np.ndarray:
    """(k, V_head) mm that each shape key moves each vertex at weight 1 (FaceScape Eq. 7), spread over the mesh."""
    head = character.topology.part_slice("head")
    rows = [character.expression_names.index(name) for name in shapes]
    moved = np.linalg.norm(character.expression_deltas[rows, head].astype(np.float64), axis=2).T
    blur = blur_matrix(character.topology.head_edges, head.stop)
    for _ in range(SPREAD):
        moved = blur @ moved
    return moved.T


def activation_masks(character: Character, expression: str) -> dict[str, np.ndarray]:
    """What share of a key expression's change each of its shape keys brings, per vertex.

    With A_j the displacement of shape j, share_j = A_j / sum_k A_k, over the shapes of the expression; then
    M = sum_j w_j share_j is FaceScape's Eq. 8 divided by its value at the expression itself, so M is 1 there wherever
    the expression moves the skin by more than ``REACH``, and falls to 0 where it does not.

    Returns:
        shape key name to (V_head,) float64 in [0, 1].
    """
    shapes = KEY_EXPRESSIONS[expression]
    if not shapes:
        return {}
    moved = shape_displacement(character, shapes)
    total = moved.sum(axis=0)
    shares = np.clip(total / REACH, 0.0, 1.0) * moved / np.maximum(total, 1e-9)
    return dict(zip(shapes, shares, strict=True))


def tension_masks(character: Character, weights: TensionWeights, shape: str) -> np.ndarray:
    """What one shape key does to compression 1, compression 2 and stretch: a w + b w (1 - w) at weight w.

    The masks are signed: a shape that stretches the skin takes away compression that others bring. Compression above 1
    is kept, since it leaves room for that. b is what a line from weight 0 to 1 misses halfway.

    Returns:
        (2, V_head, 3) a and b.
    """
    row = character.expression_names.index(shape)
    whole, half = (
        _signed_mask(weights, signed_tension(weights, character.neutral + w * character.expression_deltas[row]))
        for w in (1.0, 0.5)
    )
    return np.stack([whole, 4.0 * half - 2.0 * whole])


def _signed_mask(weights: TensionWeights, channels: np.ndarray) -> np.ndarray:
    """(V_head, 3) masked and blurred: what is positive as in ``evaluate_tension``, and below zero where it is not."""
    limited, positive, negative = (
        masked_blur(weights, np.clip(sign * channels, 0.0, limit))
        for sign, limit in ((1.0, 1.0), (1.0, STRONGEST), (-1.0, STRONGEST))
    )
    compressed = np.where(limited > SATURATED, positive, limited)
    return compressed - negative * np.clip(1.0 - limited / FADE, 0.0, 1.0)


def quantised_shares(shares: np.ndarray) -> np.ndarray:
    """(k, ...) uint8 of shares (k, ...) in [0, 1] whose sum is kept to half a step (the rounding is carried along)."""
    steps = np.rint(255.0 * np.cumsum(shares, axis=0))
    return np.clip(np.diff(steps, axis=0, prepend=0.0), 0, 255).astype(np.uint8)
