"""Pictures of one photo: landmarks, outline, masks, light."""

from __future__ import annotations

import cv2
import numpy as np

from ..head.chart import pixels
from ..head.fitted import View
from ..head.landmark_sets import BROWS, EYES, FACE_OVAL, LIPS_INNER, LIPS_OUTER, eye_distance
from ..head.raster import uv_in_view
from ..image.colour import LUMINANCE, linear_to_srgb_bytes, srgb_to_linear
from ..image.filters import sample
from ..mesh.operators import vertex_normals
from ..view.lighting import Light
from . import canvas
from .canvas import Crop, face_crop
from .head_drawing import fitted_landmarks, posed_in_camera, view_raster
from .page import Picture
from .stages import Inspected, PhotoSeen

SPREAD_SHOWN = 6.0  # standard deviations of a landmark that its ring is wide
UNSURE, LOST = 0.006, 0.02  # of the eye distance: spread of a landmark that is fair, that is bad
OFF, FAR_OFF = 0.03, 0.08  # of the eye distance: offset of the fit from a landmark
CONTOURS = (*EYES, *BROWS, LIPS_OUTER, LIPS_INNER, FACE_OVAL)
PERSON, HEAD = (90, 220, 255), (255, 120, 200)
RESIDUAL = 0.5  # log units
BALL = 300  # pixels
MASK = 360  # pixels, height of a mask
GREY = 0.4  # albedo of what is drawn in the light


def photo_pictures(inspected: Inspected, index: int) -> list[Picture]:
    """What was seen in one photo; without it, what the file holds of it."""
    seen = inspected.photos.get(index)
    view = seen.view if seen else inspected.character.views[index]
    crop = face_crop(view)
    pictures = [_landmarks(inspected, view, seen, crop, index), _outline(inspected, view, seen, crop, index)]
    if seen:
        pictures += [_masks(inspected, seen, crop, index), _light(inspected, seen, crop, index)]
    return pictures


def _shown(seen: PhotoSeen | None, crop: Crop) -> np.ndarray:
    return crop.image(seen.pixels) if seen else canvas.blank(crop.size)


def _landmarks(inspected: Inspected, view: View, seen: PhotoSeen | None, crop: Crop, index: int) -> Picture:
    """Detected landmarks with how unsure they are, and how far the fit is from them."""
    marks, eye = view.landmarks, eye_distance(view.landmarks.points)
    at, under = crop.points(marks.points), _shown(seen, crop)
    unsure = canvas.dimmed(under)
    canvas.draw_lines(unsure, [at[list(c)] for c in CONTOURS], [canvas.FAINT] * len(CONTOURS), closed=True)
    radii = np.maximum(0.5 * SPREAD_SHOWN * marks.spread * crop.zoom, 1.0)
    canvas.draw_rings(unsure, at, radii, canvas.graded(marks.spread / eye, UNSURE, LOST))
    tiles = [("photo", under)] * bool(seen) + [("landmarks, and how unsure", unsure)]
    if inspected.model is not None:
        fitted = fitted_landmarks(inspected.model, inspected.character, view)
        away = np.linalg.norm(fitted - marks.points, axis=1) / eye
        off, colours = canvas.dimmed(under), canvas.graded(away, OFF, FAR_OFF)
        canvas.draw_lines(off, np.stack([at, crop.points(fitted)], 1), colours)
        canvas.draw_rings(off, at, np.full(len(at), 1.5), colours, -1)
        tiles.append(("from each landmark to the fit", off))
    says = (
        "Rings are six standard deviations of a landmark over slightly moved cuts wide: green is sure, yellow fair, "
        "red a guess. On the right a line runs from each landmark (dot) to where the fitted head has it; long red "
        "lines are what the fit could not or would not follow. The outline of the face slides on the head, so that "
        "lines along it are no error."
    )
    return Picture(f"photo_{index}_landmarks", "Landmarks", says, canvas.row(tiles))


def _outline(inspected: Inspected, view: View, seen: PhotoSeen | None, crop: Crop, index: int) -> Picture:
    """The head's drawn outline against the border of the person."""
    head = view_raster(inspected.character, view, crop).covered
    both = canvas.dimmed(_shown(seen, crop), 0.7)
    if seen:
        canvas.draw_lines(both, *_border(crop.image(seen.person) > 0.5, PERSON), 2, True)
    canvas.draw_lines(both, *_border(head, HEAD), 2, True)
    tiles = [("pink: head as fitted" + (", blue: person in the photo" if seen else ""), both)]
    if seen:
        away = _beyond(head, crop.image(seen.person) > 0.5) / (crop.zoom * eye_distance(view.landmarks.points))
        tiles.append(("head beyond the person", canvas.tinted(crop.image(seen.pixels), away, canvas.BAD, 0.9)))
    says = (
        "The outline of the fitted head and that of the person. Hair and clothes lie between them, and so the "
        "person's is outside. Where the head's is outside (red in the second picture), skull, jaw or neck are too "
        "large, or the segmentation of the person has lost a part."
    )
    return Picture(f"photo_{index}_outline", "Outline", says, canvas.row(tiles))


def _border(mask: np.ndarray, colour: tuple[int, int, int]) -> tuple[list[np.ndarray], list[tuple[int, int, int]]]:
    """Polylines around a mask (H, W) bool, and a colour for each."""
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    lines = [line[:, 0] + 0.5 for line in found if len(line) > 20]
    return lines, [colour] * len(lines)


def _beyond(head: np.ndarray, person: np.ndarray) -> np.ndarray:
    """(H, W) pixels from the person, on the head."""
    return cv2.distanceTransform((~person).astype(np.uint8), cv2.DIST_L2, 3) * head * 20


def _masks(inspected: Inspected, seen: PhotoSeen, crop: Crop, index: int) -> Picture:
    """Person, hands, skin of the fit; and what of the unwrapped photo is used."""
    photo = crop.image(seen.pixels)
    hair, used = (_in_photo(inspected, seen, crop, chart) for chart in (seen.texture.hair, seen.texture.trust))
    tiles = [("person", canvas.tinted(photo, crop.image(seen.person), PERSON))]
    if seen.hands is not None:
        tiles.append(("hands", canvas.tinted(photo, crop.image(seen.hands), canvas.BAD, 0.7)))
    tiles += [
        ("skin whose shading the fit reads", canvas.tinted(photo, crop.image(seen.skin), canvas.GOOD)),
        ("hair, brows, beard over skin", canvas.tinted(photo, hair, HEAD, 0.7)),
        ("used for the albedo", canvas.tinted(photo, used, canvas.GOOD)),
    ]
    says = (
        "What the photo is divided into. Hair that is taken for skin becomes relief and colour; skin that is taken for "
        "hair is filled in from elsewhere." + ("" if seen.hands is not None else " No hand was found before the face.")
    )
    return Picture(f"photo_{index}_masks", "Masks", says, canvas.row(tiles, MASK))


def _in_photo(inspected: Inspected, seen: PhotoSeen, crop: Crop, chart: np.ndarray) -> np.ndarray:
    """(h, w) of the cut: values of a chart (S, S) where the head shows them."""
    points = posed_in_camera(inspected.character, seen.view)
    xy, (width, height) = crop.points(seen.view.camera.project(points)), crop.size
    raster, uv = uv_in_view(inspected.character.topology, points, xy, width, height)
    values = sample(np.ascontiguousarray(chart, np.float32), pixels(uv.reshape(-1, 2), len(chart)))
    return values.reshape(height, width) * raster.covered


def _light(inspected: Inspected, seen: PhotoSeen, crop: Crop, index: int) -> Picture:
    """The light on a ball and on the head, and what it leaves unexplained."""
    photo, shading, covered = crop.image(seen.pixels), *_shading(inspected, seen, crop)
    skin = _in_photo(inspected, seen, crop, seen.texture.plain)
    left = np.log(np.maximum(srgb_to_linear(photo) @ LUMINANCE, 2e-3)) - np.log(shading @ LUMINANCE)
    left = (left - np.median(left[skin > 0.5])) * skin if (skin > 0.5).any() else 0 * left
    head = linear_to_srgb_bytes(np.where(covered[..., None], GREY * shading, 0.01))
    tiles = [
        ("light on a ball", light_ball(seen.texture.light)),
        ("photo", photo),
        ("the same light on the fitted head", head),
        ("what it does not explain", canvas.with_legend(canvas.signed(left, RESIDUAL), "darker", "brighter", True)),
    ]
    says = (
        "The light of the photo as nine spherical harmonics. On the right log brightness of plain skin over that "
        "light: shadows, gloss, stubble and lines stay; broad patches along the nose, forehead or jaw mean that the "
        f"shape or the light is wrong there. Full colour is a factor of {np.exp(RESIDUAL):.2f}."
    )
    return Picture(f"photo_{index}_light", "Light", says, canvas.row(tiles))


def _shading(inspected: Inspected, seen: PhotoSeen, crop: Crop) -> tuple[np.ndarray, np.ndarray]:
    """(h, w, 3) shading of the fitted head in the cut, and (h, w) bool where the head is."""
    raster = view_raster(inspected.character, seen.view, crop)
    points = posed_in_camera(inspected.character, seen.view)
    normals = raster.sample(vertex_normals(points, inspected.character.topology.triangles))
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    return seen.texture.light.shading(normals), raster.covered


def light_ball(light: Light) -> np.ndarray:
    """(BALL, BALL, 3) uint8: a grey ball in the light, seen by the camera."""
    y, x = (np.mgrid[:BALL, :BALL] + 0.5) / (BALL / 2) - 1
    inside = x**2 + y**2 < 0.96
    normals = np.stack([x, y, -np.sqrt(np.clip(1 - x**2 - y**2, 0, 1))], -1)
    return linear_to_srgb_bytes(np.where(inside[..., None], GREY * light.shading(normals), 0.01))


def light_row(seen: PhotoSeen) -> tuple[str, str]:
    """Where the light comes from, in words."""
    across, down, forward = seen.texture.light.coefficients[1:4].mean(1)
    side = "left" if across < 0 else "right"
    height = "above" if down < 0 else "below"
    strength = float(np.hypot(np.hypot(across, down), forward))
    return "light", f"strongest from the {side} and {height} in the photo; directed part {strength:.2f}"
