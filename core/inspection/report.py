"""Puts the page together: numbers that matter, and the pictures of each stage in order."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..character.character import Character
from ..character.edit import years_of_age
from ..errors import OutputError
from ..head.landmark_sets import eye_distance
from ..io.safe_files import folder_written_aside, write_reason
from ..wrinkles.atlas import WrinkleAtlas
from ..wrinkles.fine_skin import PORE_REGIONS
from .chart_pictures import (
    colour_picture,
    line_rows,
    lines_picture,
    maps_picture,
    own_lines_picture,
    pores_picture,
    residual_picture,
    unwrapped_picture,
)
from .head_pictures import expression_picture, fit_picture, neutral_picture, shape_picture
from .page import PAGE, Picture, Section, write_page
from .photo_pictures import light_row, photo_pictures
from .stages import Inspected

STAGES = ("notes", "photo", "fit", "texture", "wrinkles", "shape keys")


def check_folder(directory: Path) -> None:
    """Refuse a folder that cannot be written, before any work is done.

    Raises:
        OutputError: the path is a file.
    """
    if Path(directory).exists() and not Path(directory).is_dir():
        raise OutputError(f"Cannot write to {directory}: it is a file. Give a folder.")


def write_report(inspected: Inspected, atlas: WrinkleAtlas, directory: Path) -> Path:
    """Write the page into a folder, which is made if needed; returns the page.

    All is written aside and moves into place at the end.

    Args:
        atlas: of wrinkles, that the character's lines belong to.

    Raises:
        OutputError: the folder cannot be written.
    """
    check_folder(directory)
    try:
        with folder_written_aside(directory) as aside:
            write_page(aside, f"Furrow: {inspected.character.name}", sections(inspected, atlas))
    except OSError as error:
        raise OutputError(f"Cannot write to {directory}: {write_reason(error)}") from None
    return Path(directory) / PAGE


def sections(inspected: Inspected, atlas: WrinkleAtlas) -> list[Section]:
    """The parts of the page, in the order of the stages."""
    character = inspected.character
    views = range(len(character.views))
    parts = [Section("notes", "Errors and notes", rows=_note_rows(inspected))]
    parts += [
        Section("photo", f"Photo {i + 1}: {character.views[i].photo}", photo_pictures(inspected, i),
                _view_rows(inspected, i))
        for i in views
    ]
    shape = shape_picture(inspected)
    fits = [picture for i in views for picture in (fit_picture(inspected, i), expression_picture(inspected, i))]
    parts.append(Section("fit", "Fit", [*fits, *([shape] if shape else [])], _shape_rows(character)))
    unwrapped = [unwrapped_picture(seen, i) for i, seen in sorted(inspected.photos.items())]
    parts.append(Section("texture", "Texture", [*unwrapped, colour_picture(character)], _colour_rows(character)))
    parts.append(_wrinkles(inspected, atlas))
    parts.append(Section("shape keys", "Head", [neutral_picture(character)]))
    return parts


def _wrinkles(inspected: Inspected, atlas: WrinkleAtlas) -> Section:
    """Lines, relief, age and pores."""
    character = inspected.character
    pictures: list[Picture | None] = [lines_picture(character, seen, i) for i, seen in sorted(inspected.photos.items())]
    pictures += [own_lines_picture(character, atlas), residual_picture(character), maps_picture(character),
                 pores_picture(character)]
    rows = [
        ("apparent age", f"{years_of_age(character.age):.0f} years; lines were read at "
                         f"{years_of_age(character.residual_age):.0f}"),
        ("layout of the atlas", str(character.wrinkle_seed)),
        *line_rows(character, atlas.group_names),
        ("pores", "as usual" if character.pore_gains is None else
         ", ".join(f"{name} {gain:.2f}" for name, gain in zip(PORE_REGIONS, character.pore_gains))),
    ]
    return Section("wrinkles", "Wrinkles", [picture for picture in pictures if picture is not None], rows)


def _note_rows(inspected: Inspected) -> list[tuple[str, str]]:
    """Landmark errors at a glance, and what the reconstruction told the artist."""
    character = inspected.character
    rows = [(view.photo, f"landmark error {100 * view.landmark_error:.1f} % of the eye distance, "
                         f"score of the face {view.landmarks.score:.2f}") for view in character.views]
    rows += [("note", line) for line in character.warnings]
    missing = len(character.views) - len(inspected.photos)
    if missing:
        rows.append(("left out", f"masks, light and lines of {missing} photo{'s' * (missing > 1)}: a .furrow file "
                                 "holds no photo, give it with --photo"))
    return rows


def _view_rows(inspected: Inspected, index: int) -> list[tuple[str, str]]:
    """Camera, landmarks and light of one photo."""
    seen = inspected.photos.get(index)
    view = seen.view if seen else inspected.character.views[index]
    camera, marks = view.camera, view.landmarks
    eye = eye_distance(marks.points)
    degrees = np.degrees(_angles(view.pose.rotation))
    rows = [
        ("photo", f"{camera.width} x {camera.height} pixels, {eye:.0f} between the outer eye corners"),
        ("resolution", f"{view.pose.translation[2] / camera.fx:.2f} mm a pixel at the head"),
        ("camera", f"lens like {36 * camera.fx / max(camera.width, camera.height):.0f} mm, head "
                   f"{view.pose.translation[2] / 1000:.2f} m away"),
        ("pose", "turned {:.0f}, nodded {:.0f}, tilted {:.0f} degrees".format(*degrees)),
        ("landmarks", f"score {marks.score:.2f}, median spread {100 * np.median(marks.spread) / eye:.2f} % of the eye "
                      f"distance, error of the fit {100 * view.landmark_error:.1f} %"),
    ]
    return rows + ([light_row(seen)] if seen else [])


def _angles(rotation: np.ndarray) -> np.ndarray:
    """(3,) turn to the head's left, nod down, tilt, radians, of a head to camera rotation."""
    forward, up = rotation[:, 2], rotation[:, 1]
    turn = np.arctan2(forward[0], -forward[2])
    nod = np.arctan2(forward[1], np.hypot(forward[0], forward[2]))
    return np.array([turn, nod, np.arctan2(up[0], -up[1])])


def _shape_rows(character: Character) -> list[tuple[str, str]]:
    strongest = np.abs(character.identity).max(initial=0)
    rows = [("identity", f"{len(character.identity)} coefficients, strongest {strongest:.1f} standard deviations")]
    if character.shape_residual is not None:
        moved = np.linalg.norm(character.shape_residual, axis=1)
        rows.append(("smooth displacement", f"{moved.max():.1f} mm at most, {np.median(moved):.2f} mm in the median"))
    return rows


def _colour_rows(character: Character) -> list[tuple[str, str]]:
    shown = float((character.skin_mask > 127).mean())
    rows = [
        ("maps", f"{len(character.albedo)} texels, {100 * shown:.0f} % of the chart is skin that photos show"),
        ("iris", _colour(character.eye_colour) + (
            "" if character.iris_diameter is None else f", {character.iris_diameter:.1f} mm wide")),
        ("teeth", "not seen" if character.tooth_colour is None else _colour(character.tooth_colour)),
    ]
    return rows


def _colour(colour: np.ndarray) -> str:
    return "sRGB " + " ".join(f"{round(255 * float(v))}" for v in colour)
