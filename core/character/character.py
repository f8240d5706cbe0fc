"""The character: one reconstructed person, everything Blender needs to build the head."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from ..hair.hair import Hair
from ..head.fitted import View
from ..head.model import HeadTopology
from ..wrinkles.own_lines import OwnLines


@dataclass(frozen=True)
class DetailMaps:
    """Displacement along the surface normal in UV space (SD-DeTail form), millimetres.

    D = static_strength * static
      + dynamic_strength * (compression_1 * compressed_1 + compression_2 * compressed_2 + stretch * stretched)

    Attributes:
        static, compressed_1, compressed_2, stretched: (S, S) float32 mm each, row 0 is v = 1.
    """

    static: np.ndarray
    compressed_1: np.ndarray
    compressed_2: np.ndarray
    stretched: np.ndarray

    CHANNELS = ("static", "compressed_1", "compressed_2", "stretched")

    @property
    def size(self) -> int:
        """S, texels across each map."""
        return self.static.shape[0]

    def stack(self) -> np.ndarray:
        """(S, S, 4) float32 mm in the order of ``CHANNELS``."""
        return cv2.merge([self.static, self.compressed_1, self.compressed_2, self.stretched])


@dataclass(frozen=True)
class Character:
    """One person, self-contained: built into a Blender head without the head model or the photo.

    Attributes:
        name: display name.
        topology: mesh topology, UV, skin weights, regions.
        neutral: (V, 3) float32 mm.
        expression_names: the 52 ARKit names.
        expression_deltas: (52, V, 3) float32 mm, personalised shape keys at weight 1.
        directions: (6, V, 3) float32 mm, artist sliders (age, gender, weight, ancestries) for 0 to 1.
        joints: (J, 2, 3) float32 mm.
        joint_directions: (6, J, 2, 3) float32 mm.
        identity: (K,) standard deviations.
        age: 0 (20 years) to 1 (85 years): the apparent age used for the wrinkle prior.
        views: how the photos saw the head.
        albedo: (S, S, 3) uint8 sRGB, row 0 is v = 1.
        roughness: (S, S) uint8, 255 is rough.
        skin_mask: (S, S) uint8, 255 where the photo shows skin that was used.
        eye_colour: (3,) float, iris colour, sRGB 0 to 1.
        detail: displacement maps.
        warnings: lines for the artist.
        wrinkle_seed: which of the atlas's layouts and depths this person has.
        static_residual: (S, S) float32 mm, what ``detail.static`` has beyond the prior of age and seed: read from the
            photo or taken from another person; None if there is none.
        residual_age: age at which the residual is there in full.
        own_lines: lines read from the photos, beside the atlas's; None if there are none.
        moving_residual: (m, m, 3) float32 mm, relief beside the lines that the photos show only where skin is pushed or
            pulled: compressed 1, compressed 2, stretched, added to those maps; None if there is none.
        shape_residual: (V, 3) float32 mm that ``neutral`` has beyond the head of ``identity``: what the photos showed
            and the identity coefficients cannot make; None if there is nothing.
        pore_gains: (4,) strength of pores and micro-relief on ``fine_skin.PORE_REGIONS``; None for 1 everywhere.
        tooth_colour: (3,) float, enamel, sRGB 0 to 1; None where no photo showed teeth.
        iris_diameter: mm; None where nobody looked.
        hair_mask: (S, S) uint8, 255 where brows, beard or hair cover the skin in the photo; None if not known.
        hairline: (n, 2) float32 (u, v) from the right temple over the forehead to the left one, of the
            places where it was seen; None if nobody looked.
        hair: brows and lashes as strands, and the skin under the brows that the albedo shows as paint.
    """

    name: str
    topology: HeadTopology
    neutral: np.ndarray
    expression_names: tuple[str, ...]
    expression_deltas: np.ndarray
    directions: np.ndarray
    joints: np.ndarray
    joint_directions: np.ndarray
    identity: np.ndarray
    age: float
    views: tuple[View, ...]
    albedo: np.ndarray
    roughness: np.ndarray
    skin_mask: np.ndarray
    eye_colour: np.ndarray
    detail: DetailMaps
    warnings: tuple[str, ...] = field(default=())
    wrinkle_seed: int = 0
    static_residual: np.ndarray | None = None
    residual_age: float = 0.0
    hair_mask: np.ndarray | None = None
    hairline: np.ndarray | None = None
    own_lines: OwnLines | None = None
    moving_residual: np.ndarray | None = None
    pore_gains: np.ndarray | None = None
    shape_residual: np.ndarray | None = None
    tooth_colour: np.ndarray | None = None
    iris_diameter: float | None = None
    hair: Hair = field(default_factory=Hair)

    def posed(self, weights: np.ndarray) -> np.ndarray:
        """(V, 3) float32 mm in head coordinates, for expression weights (52,)."""
        return self.neutral + np.tensordot(weights.astype(np.float32), self.expression_deltas, 1)
