"""Performance files: JSON with one list a quantity, read back with every size and number checked.

version          1
kind             "furrow performance"
name             of the clip
fps              frames a second
names            E ARKit names
weights          F rows of E weights in [0, 1]
head_rotation    F quaternions w, x, y, z against a head facing the camera; x to the head's left, y up, z forward
head_position_mm F positions before the camera; x right, y down, z forward
gaze_degrees     F rows: left yaw, left pitch, right yaw, right pitch (to the head's left, up); what the eyeLook
                 weights do, for rigs with eye bones
seen             F booleans
notes            lines
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from ..errors import OutputError, PerformanceError
from ..io.safe_files import write_reason, write_text
from .performance import Performance

VERSION = 1
KIND = "furrow performance"
SUFFIX = ".json"
MAX_BYTES = 1 << 29
MAX_FRAMES = 200_000
MAX_NAMES = 200
MAX_TEXT = 500


def save_performance(performance: Performance, path: Path) -> None:
    """Write a performance file; an existing file is replaced only once the new one is complete.

    Raises:
        OutputError: the folder is missing or cannot be written.
    """
    path = Path(path)
    try:
        write_text(path, json.dumps(_as_json(performance)))
    except OSError as error:
        raise OutputError(f"Cannot write {path}: {write_reason(error)}") from None


def _as_json(performance: Performance) -> dict:
    quaternions = Rotation.from_matrix(performance.rotation).as_quat()[:, [3, 0, 1, 2]]
    quaternions *= np.where(quaternions[:, :1] < 0, -1.0, 1.0)
    return {
        "version": VERSION,
        "kind": KIND,
        "name": performance.name,
        "fps": performance.fps,
        "names": list(performance.names),
        "weights": np.round(performance.weights, 4).tolist(),
        "head_rotation": np.round(quaternions, 6).tolist(),
        "head_position_mm": np.round(performance.position, 2).tolist(),
        "gaze_degrees": np.round(np.degrees(performance.gaze.reshape(-1, 4)), 3).tolist(),
        "seen": [bool(value) for value in performance.seen],
        "notes": list(performance.notes),
    }


def load_performance(path: Path) -> Performance:
    """Read a performance file.

    Raises:
        PerformanceError: missing, damaged, not a performance, or written by a newer Furrow.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise PerformanceError(f"{path.name} is too large for a performance file.")
        stored = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise PerformanceError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, RecursionError):
        raise PerformanceError(f"{path.name} is not a performance file: it is no JSON, or cut off.") from None
    if not isinstance(stored, dict) or stored.get("kind") != KIND:
        raise PerformanceError(f"{path.name} is not a performance file: make one with 'furrow performance'.")
    if stored.get("version") != VERSION:
        raise PerformanceError(f"{path.name} has version {str(stored.get('version'))[:20]}: update Furrow to read it.")
    try:
        return _checked(stored)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise PerformanceError(f"{path.name} is damaged ({error}): make it again.") from None


def _checked(stored: dict) -> Performance:
    names = _texts(stored["names"], MAX_NAMES)
    if not names or len(set(names)) != len(names):
        raise ValueError("names are missing or repeated")
    fps = float(stored["fps"])
    if not 0.1 <= fps <= 1000.0:
        raise ValueError(f"frame rate {fps:g}")
    count = len(stored["weights"])
    if not 1 <= count <= MAX_FRAMES:
        raise ValueError(f"{count} frames")
    weights = _numbers(stored, "weights", (count, len(names)))
    quaternions = _numbers(stored, "head_rotation", (count, 4))
    position = _numbers(stored, "head_position_mm", (count, 3))
    gaze = _numbers(stored, "gaze_degrees", (count, 4))
    if weights.min() < 0.0 or weights.max() > 1.0:
        raise ValueError("weights outside 0 to 1")
    if np.abs(np.linalg.norm(quaternions, axis=1) - 1.0).max() > 0.01:
        raise ValueError("head_rotation holds no rotations")
    if np.abs(position).max() > 1e6 or np.abs(gaze).max() > 180.0:
        raise ValueError("head position or gaze out of range")
    seen = stored["seen"]
    if not isinstance(seen, list) or len(seen) != count or not all(isinstance(value, bool) for value in seen):
        raise ValueError("seen is not one truth value a frame")
    return Performance(
        name=str(stored["name"])[:MAX_TEXT],
        fps=fps,
        names=names,
        weights=weights,
        rotation=Rotation.from_quat(quaternions[:, [1, 2, 3, 0]]).as_matrix(),
        position=position,
        gaze=np.radians(gaze).reshape(count, 2, 2),
        seen=np.array(seen),
        notes=_texts(stored.get("notes", []), MAX_FRAMES),
    )


def _texts(values: object, most: int) -> tuple[str, ...]:
    if not isinstance(values, list) or len(values) > most or not all(isinstance(value, str) for value in values):
        raise ValueError("a list of texts is missing")
    return tuple(value[:MAX_TEXT] for value in values)


def _numbers(stored: dict, key: str, shape: tuple[int, int]) -> np.ndarray:
    """Finite numbers of that shape."""
    array = np.array(stored[key])
    if array.shape != shape or array.dtype.kind not in "if":
        raise ValueError(f"{key} is not {shape[0]} rows of {shape[1]} numbers")
    if not np.isfinite(array).all():
        raise ValueError(f"{key} holds values that are not finite")
    return array.astype(float)
