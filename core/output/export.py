"""Export of a character as files any program reads: OBJ meshes, PNG maps, JSON parameters.

    neutral.obj     neutral expression, head coordinates (y up, z forward), mm
    posed.obj       expression of the first photo, camera coordinates (OpenCV: x right, y down, z forward), mm
    smooth.obj      the head part of posed.obj, subdivided
    detailed.obj    smooth.obj displaced by the detail maps at that expression
    detail_*.png    displacement maps, 16-bit; mm = (value / 65535 - 0.5) * detail_scale_mm
    albedo.png roughness.png specular.png skin_mask.png, and hair_mask.png (brows, beard, hair over skin) where known
    params.json     image size, camera, expression weights, fitted landmarks (null for another Furrow's head model)
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from ..assets import HEAD, assets_folder
from ..character.character import Character, DetailMaps
from ..errors import OutputError
from ..head.fitted import View
from ..head.model import HeadModel, load_head_model
from ..io import png16
from ..io.safe_files import folder_written_aside, write_reason, write_text
from ..texture.roughness import specular_map
from .displacement import displaced_head

DETAIL_LEVELS = 3


def export(character: Character, directory: Path, model: HeadModel | None = None) -> None:
    """Write a character's meshes, maps and parameters into a folder, which is made if needed.

    Everything is written aside first and moved into place at the end: an export that fails leaves the folder as it was.

    Args:
        model: the head model, for the landmark positions; loaded from the built assets if not given.

    Raises:
        OutputError: the folder cannot be written.
        AssetsError: the head model is not built.
    """
    directory = Path(directory)
    try:
        with folder_written_aside(directory) as aside:
            write_export(character, aside, model or load_head_model(assets_folder() / HEAD))
    except OSError as error:
        raise OutputError(f"Cannot write the export to {directory}: {write_reason(error)}") from None


def write_export(character: Character, directory: Path, model: HeadModel) -> None:
    """The files of :func:`export`, in an existing folder."""
    faces, uv = character.topology.faces, character.topology.uv
    write_obj(directory / "neutral.obj", character.neutral, faces, uv)
    scale = png16.displacement_scale(character.detail.stack())
    for name in DetailMaps.CHANNELS:
        png16.write_png(directory / f"detail_{name}.png", png16.to_uint16(getattr(character.detail, name), scale))
    for name in ("albedo", "roughness", "skin_mask", "hair_mask"):
        if getattr(character, name) is not None:
            png16.write_png(directory / f"{name}.png", getattr(character, name))
    if character.roughness is not None:
        png16.write_png(directory / "specular.png", specular_map(character.roughness))
    parameters = {"name": character.name, "detail_scale_mm": scale, "warnings": list(character.warnings)}
    if character.views:
        view = character.views[0]
        posed = view.pose.apply(character.posed(view.expression).astype(float))
        write_obj(directory / "posed.obj", posed, faces, uv)
        head = displaced_head(character, view.expression, DETAIL_LEVELS)
        write_obj(directory / "smooth.obj", view.pose.apply(head.smooth), head.faces)
        write_obj(directory / "detailed.obj", view.pose.apply(head.detailed), head.faces)
        parameters |= view_parameters(character, view, model)
        parameters["views"] = [view_parameters(character, other, model) for other in character.views]
    write_text(directory / "params.json", json.dumps(parameters, indent=1))


def view_parameters(character: Character, view: View, model: HeadModel) -> dict:
    """JSON-ready parameters of one photo, as in params.json; no landmarks of a head that another model made."""
    camera = view.camera
    own = np.array_equal(character.topology.faces, model.topology.faces)
    posed = view.pose.apply(character.posed(view.expression).astype(float))
    return {
        "photo": view.photo,
        "image_size": [camera.width, camera.height],
        "camera": {"fx": camera.fx, "fy": camera.fy, "cx": camera.cx, "cy": camera.cy},
        "rotation": view.pose.rotation.tolist(),
        "translation": view.pose.translation.tolist(),
        "expression": {name: float(w) for name, w in zip(character.expression_names, view.expression)},
        "landmarks_camera": np.round(model.landmarks(posed), 4).tolist() if own else None,
        "landmark_error": view.landmark_error,
    }


def write_obj(path: Path, vertices: np.ndarray, faces: np.ndarray, uv: np.ndarray | None = None) -> None:
    """Write a Wavefront OBJ of quads, in which a triangle repeats its last index.

    Args:
        vertices: (V, 3); faces: (F, 4) int; uv: (F, 4, 2) per corner, or None.
    """
    parts = [_lines("v %.4f %.4f %.4f\n", vertices)]
    numbers = faces + 1
    if uv is not None:
        points, index = np.unique(np.round(uv.reshape(-1, 2), 6), axis=0, return_inverse=True)
        parts.append(_lines("vt %.6f %.6f\n", points))
        numbers = np.stack([numbers, index.reshape(faces.shape) + 1], axis=-1)
    corner = " %d" if uv is None else " %d/%d"
    triangle = faces[:, 3] == faces[:, 2]
    for rows, corners in ((~triangle, 4), (triangle, 3)):
        parts.append(_lines("f" + corner * corners + "\n", numbers[rows][:, :corners]))
    write_text(path, "".join(parts))


def _lines(pattern: str, rows: np.ndarray) -> str:
    return (pattern * len(rows)) % tuple(np.asarray(rows).ravel().tolist())

