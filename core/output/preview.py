"""Pictures that show a reconstruction at a glance: the fitted mesh over the photo, and the contact sheet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..character.character import Character
from ..character.presets import PHOTO, PRESETS
from ..errors import OutputError
from ..head.camera import Camera
from ..head.fitted import View
from ..head.raster import rasterize
from ..mesh.operators import vertex_normals

TILE = (480, 600)
FACE_SHARE = 2.3  # height of a tile of a photo, over the extent of the landmarks
COLUMNS = 4
_BACKGROUND = (32, 32, 34)
_LIGHT = np.array([-0.35, -0.5, -0.8]) / np.linalg.norm([0.35, 0.5, 0.8])


@dataclass(frozen=True)
class Shot:
    """One render of the contact sheet.

    Attributes:
        preset: of ``core.character.presets``; that of the photo is shot by the photo's own camera, in its light.
        azimuth: degrees from the front, to the head's right, at which the portrait camera stands; None leaves it
            where it is.
    """

    preset: str
    azimuth: float | None = None


SHOTS: dict[str, Shot] = {
    PHOTO: Shot(PHOTO),
    "neutral": Shot("neutral"),
    "three_quarter": Shot("neutral", 40.0),
    "profile": Shot("neutral", 90.0),
    **{name: Shot(name) for name in PRESETS if name not in ("neutral", PHOTO)},
}


def overlay(pixels: np.ndarray, character: Character, view: View, opacity: float = 0.85) -> np.ndarray:
    """The shaded, fitted mesh over the photo.

    Args:
        pixels: (H, W, 3) uint8 upright photo of the view.
        opacity: of the mesh, 0 to 1.

    Returns:
        (H, W, 3) uint8.
    """
    height, width = pixels.shape[:2]
    camera = view.camera
    scale = np.array([width / camera.width, height / camera.height])
    vertices = view.pose.apply(character.posed(view.expression))
    triangles = character.topology.triangles
    ids, barycentric = rasterize(camera.project(vertices) * scale, vertices[:, 2], triangles, width, height)
    covered = ids >= 0
    corners = triangles[ids[covered]]
    normals = np.einsum("pkd,pk->pd", vertex_normals(vertices, triangles)[corners], barycentric[covered])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-9)
    grey = 60.0 + 165.0 * np.clip(normals @ _LIGHT, 0.0, 1.0)
    result = pixels.astype(np.float32)
    result[covered] = (1.0 - opacity) * result[covered] + opacity * grey[:, None]
    return np.clip(np.rint(result), 0, 255).astype(np.uint8)


def face_frame(view: View, size: tuple[int, int] = TILE, scale: float = FACE_SHARE) -> tuple[float, np.ndarray]:
    """Zoom and shift (2,) from the pixels of a view's photo to those of a tile around its face: zoom x + shift."""
    points = view.landmarks.points
    centre = (points.min(0) + points.max(0)) / 2.0
    extent = float((points.max(0) - points.min(0)).max()) * scale
    zoom = size[1] / extent
    return zoom, np.array([size[0] / 2 - zoom * centre[0], size[1] / 2 - zoom * (centre[1] - 0.04 * extent)])


def face_camera(view: View, size: tuple[int, int] = TILE, scale: float = FACE_SHARE) -> View:
    """The view as a camera sees it that takes nothing but the tile of :func:`face_crop`."""
    zoom, (right, down) = face_frame(view, size, scale)
    camera = view.camera
    framed = Camera(
        camera.fx * zoom, camera.fy * zoom, camera.cx * zoom + right, camera.cy * zoom + down, size[0], size[1]
    )
    return replace(view, camera=framed)


def face_crop(pixels: np.ndarray, view: View, size: tuple[int, int] = TILE, scale: float = FACE_SHARE) -> np.ndarray:
    """(size[1], size[0], 3) uint8: the photo cut around the face of the view."""
    zoom, shift = face_frame(view, size, scale)
    zoom *= view.camera.width / pixels.shape[1]
    matrix = np.array([[zoom, 0.0, shift[0]], [0.0, zoom, shift[1]]])
    reduced, step = pixels, 1.0
    while zoom * step < 0.5 and min(reduced.shape[:2]) > 2:  # pyramid steps keep the reduction free of aliasing
        reduced, step = cv2.pyrDown(reduced), step * 2.0
    matrix[:, :2] *= step
    return cv2.warpAffine(reduced, matrix, size, flags=cv2.INTER_AREA, borderValue=_BACKGROUND)


def contact_sheet(pixels: np.ndarray, character: Character, renders: Path) -> np.ndarray:
    """The contact sheet: photo, fitted mesh over the photo, then one rendered tile a shot of ``SHOTS``.

    Args:
        pixels: (H, W, 3) uint8 upright photo.
        renders: folder with NAME.png of every shot.

    Returns:
        (H, W, 3) uint8.

    Raises:
        OutputError: a render is missing.
    """
    view = character.views[0]
    tiles = [("photo", face_crop(pixels, view)), ("fitted mesh", face_crop(overlay(pixels, character, view), view))]
    for shot in SHOTS:
        path = renders / f"{shot}.png"
        if not path.is_file():
            raise OutputError(f"The render {path.name} is missing: run the command again.")
        with Image.open(path) as image:
            render = image.convert("RGB")
            render.thumbnail(TILE)
            tiles.append((shot.replace("_", " "), np.asarray(render)))
    rows = -(-len(tiles) // COLUMNS)
    gap, label = 8, 30
    width = COLUMNS * (TILE[0] + gap) + gap
    sheet = Image.new("RGB", (width, rows * (TILE[1] + label + gap) + gap), _BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(18)
    for i, (title, tile) in enumerate(tiles):
        x = gap + (i % COLUMNS) * (TILE[0] + gap)
        y = gap + (i // COLUMNS) * (TILE[1] + label + gap)
        picture = Image.fromarray(tile)
        sheet.paste(picture, (x + (TILE[0] - picture.width) // 2, y + (TILE[1] - picture.height) // 2))
        draw.text((x + 6, y + TILE[1] + 4), title, fill=(220, 220, 220), font=font)
    return np.asarray(sheet)
