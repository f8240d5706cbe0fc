"""Pictures of the head: the fit in the photo and from other sides, its shape, its expression."""

from __future__ import annotations

import numpy as np

from ..character.character import Character
from ..mesh.operators import vertex_normals
from ..output.preview import overlay
from . import canvas
from .canvas import face_crop
from .head_drawing import SIDES, in_albedo, posed_in_camera, shaded, turned
from .page import Picture
from .stages import Inspected

SIZE = 400  # pixels of a head
RESIDUAL_MM, CHANGE_MM = 3.0, 6.0  # displacement, and change since the landmarks, in full colour
BRIGHTER = 1.2  # colours in the light, over those of the legend
STRONGEST = 14  # expression weights shown


def fit_picture(inspected: Inspected, index: int) -> Picture:
    """The fitted head of one photo from the camera and from other sides."""
    character, seen = inspected.character, inspected.photos.get(index)
    view = seen.view if seen else character.views[index]
    tiles = []
    if seen:
        crop = face_crop(view, SIZE)
        tiles += [("photo", crop.image(seen.pixels))]
        tiles += [("fit", crop.image(overlay(seen.pixels, character, view)))]
    else:
        tiles.append(("as the camera saw it", shaded(character, posed_in_camera(character, view), SIZE)))
    posed = character.posed(view.expression).astype(np.float64)
    tiles += [(side, shaded(character, turned(posed, side), SIZE)) for side in ("three-quarter", "side")]
    tiles.append(("in its albedo", in_albedo(character, turned(posed, "three-quarter"), SIZE)))
    says = "In the expression of the photo. What looks right from the camera alone was fitted to a wrong depth."
    return Picture(f"photo_{index}_fit", "Fit", says, canvas.row(tiles, SIZE))


def expression_picture(inspected: Inspected, index: int) -> Picture:
    """The strongest expression weights of one photo."""
    character = inspected.character
    weights = np.asarray(character.views[index].expression)
    order = np.argsort(-weights)[:STRONGEST]
    bars = canvas.bars([character.expression_names[k] for k in order], weights[order], 1.0)
    says = "Weights that the photo's expression was read as. What they take is not in the neutral head."
    return Picture(f"photo_{index}_expression", "Expression", says, bars)


def neutral_picture(character: Character) -> Picture:
    """The neutral head from three sides, plain and in its albedo."""
    neutral = character.neutral.astype(np.float64)
    tiles = [(side, shaded(character, turned(neutral, side), SIZE)) for side in SIDES]
    tiles += [(f"{side}, albedo", in_albedo(character, turned(neutral, side), SIZE)) for side in ("front", "side")]
    says = "The head at rest. An open mouth, half closed eyes or a smile here were taken for the shape of the person."
    return Picture("head_neutral", "Neutral head", says, canvas.row(tiles, SIZE))


def shape_picture(inspected: Inspected) -> Picture | None:
    """What moved the shape beside the identity coefficients, and beyond the landmarks; None where nothing did."""
    character, tiles = inspected.character, []
    says = "Along the normal, orange is outwards. The smooth displacement is what no identity coefficient makes."
    if character.shape_residual is not None:
        tiles += _moved(character, character.shape_residual, "smooth displacement", RESIDUAL_MM)
    if inspected.by_landmarks is not None:
        tiles += _moved(character, character.neutral - inspected.by_landmarks.neutral, "since landmarks", CHANGE_MM)
        says += " On the right all that the pictures changed after the fit to landmarks alone."
    return Picture("head_shape", "Changes of shape", says, canvas.row(tiles, SIZE)) if tiles else None


def _moved(character: Character, moved: np.ndarray, title: str, limit: float) -> list[tuple[str, np.ndarray]]:
    """The head from two sides in the colours of a displacement (V, 3) mm along its normal."""
    neutral = character.neutral.astype(np.float64)
    along = np.einsum("vd,vd->v", moved, vertex_normals(neutral, character.topology.triangles))
    colours = BRIGHTER * canvas.signed(along[:, None], limit)[:, 0]
    tiles = []
    for side in ("front", "three-quarter"):
        image = shaded(character, turned(neutral, side), SIZE, colours)
        tiles.append((f"{title}, {side}", canvas.with_legend(image, f"-{limit:g} mm", f"+{limit:g} mm", True)))
    return tiles
