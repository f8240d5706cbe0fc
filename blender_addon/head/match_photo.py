"""Looking at a character as its photo did: a camera with the photo before it, and on wish the photo's light."""

from __future__ import annotations

from pathlib import Path

import bpy
import cv2
import numpy as np

from ...core.character.character import Character
from ...core.errors import FurrowError, PhotoError
from ...core.head.fitted import View
from ...core.io.photo import load_photo
from .. import names
from .character_store import character_from, stored_bytes
from .characters import find_part
from .photo_camera import photo_camera, photo_size, photo_world

PHOTOS = "furrow_photos"  # on the collection: paths of the photos it was reconstructed from
VIEWS = "furrow_views"  # on the collection: their file names
LONGEST = 2048  # pixels of the photo behind the head, and of renders
QUALITY = 92  # of the JPEG that is kept in the .blend
SAME_SHAPE = 0.01  # difference of a photo's proportions from the view's that rounding may make
OPACITY = 0.5


def match_photo(
    collection: bpy.types.Collection, scene: bpy.types.Scene, number: int = 0, path: str = "", light: bool = False
) -> bpy.types.Object:
    """Make the scene's camera one that sees the character as a photo did, with the photo before it.

    The render gets the photo's proportions. A camera made earlier for the same photo is replaced.

    Args:
        number: of the photo.
        path: the photo; without one the camera has no picture, or keeps the one that it had.
        light: also replace the world by the photo's light.

    Raises:
        FurrowError: the character has no such photo, or lacks its rig; the file is another photo.
    """
    character = character_from(stored_bytes(collection))
    rig = find_part(collection, "armature")
    if rig is None:
        raise FurrowError(f"The rig of {collection.name} is gone, and with it where its photo was taken from.")
    view = _view(character, number)
    if light and view.light is None:
        raise FurrowError(f"Nothing is known of the light in {view.photo}: reconstruct it again with this Furrow.")
    picture = _picture(view, path) if path else None
    name = f"{collection.name} Photo {number + 1}"
    old = find_part(collection, f"{names.CAMERA_PART}{number}")
    if old is not None:
        picture = picture or next((b.image for b in old.data.background_images if b.image), None)
        bpy.data.cameras.remove(old.data)
    made = photo_camera(view, rig, name)
    made[names.PART] = f"{names.CAMERA_PART}{number}"
    collection.objects.link(made)
    if picture is not None:
        made.data.show_background_images = True
        shown = made.data.background_images.new()
        shown.image, shown.alpha, shown.display_depth, shown.frame_method = picture, OPACITY, "FRONT", "FIT"
    scene.camera = made
    scene.render.resolution_x, scene.render.resolution_y = photo_size(view, LONGEST)
    if light:
        bpy.context.view_layer.update()
        scene.world = photo_world(view, rig, f"{name} Light")
    return made


def path_of(collection: bpy.types.Collection, number: int) -> str:
    """Path of a photo that is still where it was; empty for none."""
    paths = list(collection.get(PHOTOS, ()))
    return paths[number] if number < len(paths) and Path(paths[number]).is_file() else ""


def _view(character: Character, number: int) -> View:
    if number >= len(character.views):
        raise FurrowError(f"{character.name} has no photo {number + 1}.")
    return character.views[number]


def _picture(view: View, path: str) -> bpy.types.Image:
    """Packed image of a photo, upright as the fit saw it.

    Raises:
        PhotoError: it cannot be read, or has other proportions than the view's.
    """
    photo = load_photo(Path(path))
    height, width = photo.pixels.shape[:2]
    if abs(width / height * view.camera.height / view.camera.width - 1.0) > SAME_SHAPE:
        raise PhotoError(f"{photo.name} has other proportions than {view.photo}: choose the photo of this character.")
    pixels = photo.pixels
    if max(pixels.shape) > LONGEST:
        pixels = cv2.resize(pixels, photo_size(view, LONGEST), interpolation=cv2.INTER_AREA)
    _, data = cv2.imencode(".jpg", np.ascontiguousarray(pixels[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    image = bpy.data.images.new(photo.name, pixels.shape[1], pixels.shape[0])
    image.pack(data=data.tobytes(), data_len=len(data))
    image.source = "FILE"
    return image
