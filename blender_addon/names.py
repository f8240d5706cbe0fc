"""Names and units of what Furrow stores in a .blend; files made earlier depend on them."""

from __future__ import annotations

import numpy as np

METRES = 0.001  # per millimetre

CHARACTER = "furrow_schema"  # property of a collection that is a character
PART = "furrow_part"  # property of its objects: which part they are
RIG = "armature"  # what it says of the rig

UV_MAP = "UVMap"
REST_POSITION = "rest_position"
WRINKLE_NORMALS = ("furrow_normal_1", "furrow_normal_2")
TENSION_MASK = "furrow_mask"
SEAM_MASK = "furrow_seam"
REGION_MASKS = ("furrow_regions_1", "furrow_regions_2")
DIRECTION = "furrow_direction_"  # + the name of the direction
WRINKLES = "furrow_wrinkles"  # what the tension nodes write: weight of each map channel
BANDS = "furrow_bands"  # what the tension nodes write: weight of each band of static detail, and of the pores
PAINT = "Detail Mask"  # colour attribute that the artist paints: static, dynamic, pores in red, green, blue
DISPLACEMENT = "furrow_displacement"  # what the wrinkle nodes moved, in metres

TENSION = "Furrow Tension"
SUBDIVISION = "Subdivision"
WRINKLE = "Furrow Wrinkles"

FOLLOW = "Furrow Hair"
# on curves: place in the order of thinning out; corners of the cage's quad, place in it; root, frame at rest; colour
HAIR_RANK, HAIR_CAGE, HAIR_PLACE = "furrow_rank", "furrow_cage", "furrow_place"
HAIR_GRID = "furrow_grid_"  # + the level of subdivision: vertices around the root
HAIR_ROOT, HAIR_ALONG, HAIR_NORMAL = "furrow_root", "furrow_along", "furrow_normal"
HAIR_COLOUR = "furrow_colour"
# properties of the head that its skin reads: 1 shows brows, a beard as paint
PAINTED_BROWS, PAINTED_BEARD = "furrow_painted_brows", "furrow_painted_beard"
PAINTED = {"bare_skin": PAINTED_BROWS, "beard_skin": PAINTED_BEARD}  # by core.hair.hair.PATCHES

MOIST = "furrow_moist"  # attribute of the head: lips, which shine
NECK_EDGE = "Neck Edge"  # vertex group: the open edge at the neck

SCALP_TONE = "furrow_scalp"  # attribute of the head: how far its skin takes the colour of hair
SCALP_COLOUR, SCALP_SHOWS = "furrow_scalp_colour", "furrow_scalp_shows"  # properties of the head that its skin reads
CAMERA_PART = "camera_"  # + the number of the photo
BEARD_TONE = "furrow_beard"  # likewise of a beard
BEARD_COLOUR, BEARD_SHOWS = "furrow_beard_colour", "furrow_beard_shows"
HAIR_PART = "hair_"  # + the group: what the property furrow_part of hair objects says
# by group of core.hair.strands
HAIR_NAMES = {"brows": "Brows", "lashes": "Lash Hair", "scalp": "Hair", "beard": "Beard", "vellus": "Vellus"}
WET = "wet"  # the clear mesh over the eyes
PART_NAMES = {
    "head": "Head", "eyes": "Eyes", "teeth": "Teeth", "tongue": "Tongue", "lashes": "Lashes", WET: "Cornea and Tears",
}

# six artist regions, each the union of the model's anatomical masks
REGIONS: dict[str, tuple[str, ...]] = {
    "Forehead": ("forehead", "temple"),
    "Brows": ("glabella", "brow"),
    "Eyes": ("upper_lid", "lower_lid", "under_eye", "crows_feet"),
    "Nose": ("nose", "nostril"),
    "Mouth": ("nasolabial", "upper_lip", "lower_lip", "lips", "perioral", "mouth_corner", "cheek"),
    "Chin and Neck": ("chin", "jaw", "neck"),
}


def to_blender(points: np.ndarray) -> np.ndarray:
    """Head coordinates in mm, y up, z forward (..., 3), as metres in Blender: z up, facing -Y. float32."""
    x, y, z = np.moveaxis(np.asarray(points, np.float32) * np.float32(METRES), -1, 0)
    return np.ascontiguousarray(np.stack([x, -z, y], axis=-1))


def directions_to_blender(vectors: np.ndarray) -> np.ndarray:
    """Unit vectors (..., 3) of head coordinates in Blender's axes, float32."""
    x, y, z = np.moveaxis(np.asarray(vectors, np.float32), -1, 0)
    return np.ascontiguousarray(np.stack([x, -z, y], axis=-1))
