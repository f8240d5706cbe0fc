"""A performance: expression weights, head pose and gaze over time, ready to be keyed on a head."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

# how a head that looks into the camera stands before it: y and z point the other way
FACING_CAMERA = np.diag([1.0, -1.0, -1.0])


@dataclass(frozen=True)
class Performance:
    """What a face did in F frames.

    Attributes:
        name: of the clip or photo.
        fps: frames a second.
        names: E ARKit names.
        weights: (F, E) in [0, 1].
        rotation: (F, 3, 3) turn of the head against a head that faces the camera, in head axes (x to the head's left,
            y up, z forward).
        position: (F, 3) mm, the head's origin in camera coordinates (x right, y down, z forward).
        gaze: (F, 2, 2) radians, turn of the left and the right eye within the head: yaw (to the head's left) and pitch
            (up). It is what the eyeLook weights do to the eyeballs, not something beside them.
        seen: (F,) bool, False where no face was found and the values were filled in.
        notes: lines for the artist.
    """

    name: str
    fps: float
    names: tuple[str, ...]
    weights: np.ndarray
    rotation: np.ndarray
    position: np.ndarray
    gaze: np.ndarray
    seen: np.ndarray
    notes: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Number of frames."""
        return len(self.weights)

    def expression(self, frame: int = 0) -> dict[str, float]:
        """ARKit name to weight in one frame."""
        return {name: float(weight) for name, weight in zip(self.names, self.weights[frame])}


def resampled(performance: Performance, fps: float) -> Performance:
    """The same performance at another frame rate: linear between frames, rotations on the shortest arc (slerp)."""
    count = performance.count
    if count < 2 or abs(fps - performance.fps) < 1e-9 * fps:
        return replace(performance, fps=float(fps))
    source = np.arange(count) / performance.fps
    target = np.arange(int(np.floor(source[-1] * fps + 1e-6)) + 1) / fps
    target = np.minimum(target, source[-1])

    def linear(values: np.ndarray) -> np.ndarray:
        flat = values.reshape(count, -1)
        columns = [np.interp(target, source, column) for column in flat.T]
        return np.stack(columns, axis=1).reshape(len(target), *values.shape[1:])

    nearest = np.clip(np.rint(target * performance.fps).astype(int), 0, count - 1)
    return replace(
        performance,
        fps=float(fps),
        weights=linear(performance.weights),
        rotation=Slerp(source, Rotation.from_matrix(performance.rotation))(target).as_matrix(),
        position=linear(performance.position),
        gaze=linear(performance.gaze),
        seen=performance.seen[nearest],
    )


def frame_ranges(chosen: np.ndarray, most: int = 8) -> str:
    """ "3, 7-12, 40" for the True frames of a mask (F,); "..." after ``most`` ranges."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], np.asarray(chosen, int), [0]])))
    ranges = [f"{a}" if b == a + 1 else f"{a}-{b - 1}" for a, b in zip(edges[::2], edges[1::2])]
    return ", ".join(ranges[:most]) + (", ..." if len(ranges) > most else "")
