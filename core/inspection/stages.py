"""The stages of a reconstruction once more, with everything they see kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..character.character import Character
from ..errors import CharacterFileError, PhotoError
from ..fit import coarse
from ..fit.covered import cover_in
from ..head.chart import head_chart
from ..head.fitted import CoarseFit, View
from ..head.model import HeadModel
from ..io.photo import Photo, load_photo
from ..nets import landmarks, upright
from ..nets.detection import Face
from ..nets.landmarks import FaceNets
from ..pipeline import Models
from ..texture.build import build_texture
from ..texture.view_texture import ViewTexture
from ..view.skin_pixels import skin_pixels
from .lines_seen import LinesSeen, lines_seen


@dataclass(frozen=True, eq=False)
class PhotoSeen:
    """What the stages see in one photo.

    Attributes:
        view: of the character, in the pixels of the upright photo.
        pixels: (H, W, 3) uint8 sRGB, upright.
        person: (H, W) in [0, 1], segmentation of the person.
        hands: (H, W) in [0, 1], what hands and other things before the face hide; None where there are none.
        skin: (H, W) in [0, 1], what the fit takes for bare skin.
        texture: the photo in UV space, its light and masks.
        lines: of the skin.
    """

    view: View
    pixels: np.ndarray
    person: np.ndarray
    hands: np.ndarray | None
    skin: np.ndarray
    texture: ViewTexture
    lines: LinesSeen


@dataclass(frozen=True, eq=False)
class Inspected:
    """A character, and what its photos show where they are at hand.

    Attributes:
        character: of the file, or newly made.
        model: the head model; None where the character was made with another.
        photos: by number of the view.
        by_landmarks: the fit to the landmarks alone, before pictures moved it; None without photos of all views.
    """

    character: Character
    model: HeadModel | None
    photos: dict[int, PhotoSeen]
    by_landmarks: CoarseFit | None


def look(
    character: Character, models: Models, paths: Sequence[Path], report: Callable[[str], None] = lambda message: None
) -> Inspected:
    """What the stages see of a character in its photos.

    Args:
        paths: photos of its views, any of them, by file name; one alone for a character of one view may be renamed.
        report: called with a message at each step.

    Raises:
        PhotoError: a photo cannot be read, or is none of the character's.
        CharacterFileError: the character was made with another head model.
    """
    if not paths:
        return Inspected(character, _own_model(character, models.head), {}, None)
    if _own_model(character, models.head) is None:
        raise CharacterFileError(
            f"{character.name} was made with another head model, so photos cannot be compared with it: "
            "reconstruct it again, or leave --photo out."
        )
    report("reading photos")
    found = _photos_of_views(character, paths)
    report("unwrapping photos")
    seen = _seen(character, models, found)
    by_landmarks = None
    if len(seen) == len(character.views):
        report("fitting landmarks alone")
        by_landmarks = _by_landmarks(models, seen, found)
    return Inspected(character, models.head, seen, by_landmarks)


def fit_of(character: Character, views: Sequence[View]) -> CoarseFit:
    """The fit that a character came from, with some views."""
    return CoarseFit(
        identity=np.asarray(character.identity, float),
        neutral=character.neutral,
        joints=character.joints,
        views=tuple(views),
        photo_shares=(1.0,) * len(views),
        residual=character.shape_residual,
    )


def _own_model(character: Character, model: HeadModel) -> HeadModel | None:
    """The head model if it has the character's mesh."""
    mine, theirs = character.topology, model.topology
    same = mine.faces.shape == theirs.faces.shape and np.array_equal(mine.faces, theirs.faces)
    return model if same and mine.vertex_count == theirs.vertex_count else None


def _photos_of_views(character: Character, paths: Sequence[Path]) -> dict[int, Photo]:
    """Photos by number of the view they belong to, as they lie in their files."""
    photos = [load_photo(Path(path)) for path in paths]
    names = [view.photo for view in character.views]
    found: dict[int, Photo] = {}
    for photo in photos:
        free = [i for i, name in enumerate(names) if name == photo.name and i not in found]
        if not free and len(photos) == len(names) == 1:
            free = [0]
        if not free:
            known = ", ".join(names) or "none"
            raise PhotoError(f"{photo.name} is no photo of this character, which has: {known}.")
        camera, shape = character.views[free[0]].camera, photo.pixels.shape
        if (camera.height, camera.width) != shape[:2]:
            raise PhotoError(
                f"{photo.name} is {shape[1]} x {shape[0]} pixels, the character's photo had "
                f"{camera.width} x {camera.height}: give the same file."
            )
        found[free[0]] = photo
    return found


def _seen(character: Character, models: Models, found: dict[int, Photo]) -> dict[int, PhotoSeen]:
    """Each photo with its masks, texture and lines."""
    views, pictures = zip(*(_stood_up(character.views[i], photo.pixels) for i, photo in found.items()))
    fit, size = fit_of(character, views), len(character.albedo)
    found_covers = [cover_in(models.head, fit, v, p, models.nets) for p, v in zip(pictures, views)]
    hands, foreign = [c.hands for c in found_covers], [c.foreign for c in found_covers]
    textures = build_texture(models.head, fit, pictures, models.nets, size, hands=hands, foreign=foreign).views
    covers = [c.whole for c in found_covers]
    chart = head_chart(models.head.topology, fit.neutral, size)
    seen = {}
    for i, view, picture, cover, texture in zip(found, views, pictures, covers, textures):
        person = landmarks.segment_person(picture, _face(view), models.nets)
        bare = person if cover is None else person * (1 - cover)
        skin = skin_pixels(picture, view.landmarks.points, bare)
        lines = lines_seen(models.head, models.atlas, fit, view, texture, chart, character.residual_age)
        seen[i] = PhotoSeen(view, picture, person, cover, skin, texture, lines)
    return seen


def _stood_up(view: View, pixels: np.ndarray) -> tuple[View, np.ndarray]:
    """View and photo turned by quarters until the head is upright."""
    across, down = view.pose.rotation[:2, 1]  # of the head's up in the picture
    quarters = round(math.atan2(across, -down) / (math.pi / 2)) % 4
    return upright.turned_back(view, -quarters), np.ascontiguousarray(np.rot90(pixels, quarters))


def _by_landmarks(models: Models, seen: dict[int, PhotoSeen], found: dict[int, Photo]) -> CoarseFit:
    """The fit to landmarks alone, detected anew."""
    photos = []
    for i, photo in sorted(seen.items()):
        marks = _marks(photo, models.nets)
        height, width = photo.pixels.shape[:2]
        photos.append(coarse.Observation(marks, width, height, found[i].focal_px, photo.view.photo))
    return coarse.fit(models.head, photos)


def _marks(photo: PhotoSeen, nets: FaceNets) -> landmarks.Landmarks:
    """Landmarks with what the net says of the skin, which no file holds."""
    found = landmarks.detect_landmarks(photo.pixels, _face(photo.view), nets)
    return replace(photo.view.landmarks, texture=found.texture)


def _face(view: View) -> Face:
    marks = view.landmarks
    return Face(marks.box, marks.points[:6], marks.score)
