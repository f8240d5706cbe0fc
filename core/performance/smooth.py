"""Smoothing of a performance: over the whole clip without lag, or frame by frame; gaps filled.

Over the clip: penalised least squares (Whittaker 1923; Eilers 2003), minimise sum (x - y)^2 + strength * sum (second
difference of x)^2. Its frequency response 1 / (1 + strength * (2 sin(pi f / rate))^4) is real, so nothing is delayed.
Frame by frame: the one-euro filter (Casiez, Roussel and Vogel 2012), for use while frames still arrive.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import solveh_banded
from scipy.spatial.transform import Rotation

# Hz at which half of the amplitude is left, at strengths a little above 0 and at 1
LEAST_CUTOFF, MOST_CUTOFF = 1.5, 12.0
# lids and eyes move faster than anything else in a face: blinks last an eighth of a second, glances less
LID_SHARE, GAZE_SHARE = 0.3, 0.5
LIDS, GAZE = ("eyeBlink", "eyeWide", "eyeSquint"), ("eyeLook",)
# one-euro: Hz more for each unit a second, and the cutoff of the speed
WEIGHT_BETA, ROTATION_BETA, POSITION_BETA, SPEED_CUTOFF = 1.0, 3.0, 0.02, 1.0


def cutoff_of(strength: float) -> float:
    """Cutoff in Hz of a strength from 0 (none) to 1; infinite at 0."""
    if strength <= 0.0:
        return np.inf
    return MOST_CUTOFF * (LEAST_CUTOFF / MOST_CUTOFF) ** min(strength, 1.0)


def weight_strengths(names: tuple[str, ...], strength: float) -> np.ndarray:
    """(E,) strength for each shape: lids and gaze are smoothed less, so that blinks stay closed."""
    share = [LID_SHARE if n.startswith(LIDS) else GAZE_SHARE if n.startswith(GAZE) else 1.0 for n in names]
    return strength * np.array(share)


def fill_gaps(values: np.ndarray, seen: np.ndarray, longest: int) -> np.ndarray:
    """Values (F, n) with the unseen frames filled: up to ``longest`` frames linearly, longer gaps hold the last value.

    Before the first seen frame and after the last one the nearest is held. At least one frame must be seen.
    """
    index = np.flatnonzero(seen)
    frames = np.arange(len(values))
    filled = np.stack([np.interp(frames, index, column) for column in values[index].T], axis=1)
    before = index[np.clip(np.searchsorted(index, frames, side="right") - 1, 0, None)]
    after = index[np.clip(np.searchsorted(index, frames, side="left"), None, len(index) - 1)]
    held = (after - before - 1 > longest) & ~np.asarray(seen, bool)
    filled[held] = values[before[held]]
    return filled


def smooth_clip(values: np.ndarray, fps: float, strengths: np.ndarray) -> np.ndarray:
    """Values (F, n) smoothed without lag; ``strengths`` (n,) from 0 (none) to 1."""
    result = np.array(values, float)
    for strength in np.unique(strengths):
        cutoff = cutoff_of(float(strength))
        if len(result) >= 3 and cutoff < 0.5 * fps:
            chosen = strengths == strength
            result[:, chosen] = _penalised(result[:, chosen], (2.0 * np.sin(np.pi * cutoff / fps)) ** -4)
    return result


def _penalised(values: np.ndarray, penalty: float) -> np.ndarray:
    """Solution x of (I + penalty * D^T D) x = values, D the second difference: a matrix of five diagonals."""
    count = len(values)
    bands = np.zeros((3, count))
    for offset, value in ((0, 1.0), (1, -2.0), (2, 1.0)):
        rows = slice(offset, count - 2 + offset)
        bands[2, rows] += value * value
    bands[1, 1 : count - 1] += -2.0
    bands[1, 2:count] += -2.0
    bands[0, 2:count] += 1.0
    bands *= penalty
    bands[2] += 1.0
    return solveh_banded(bands, values)


def one_euro(values: np.ndarray, fps: float, strengths: np.ndarray, beta: float | np.ndarray) -> np.ndarray:
    """Values (F, n) filtered in order: slow changes are smoothed, fast ones followed. It lags a little.

    Args:
        strengths: (n,) from 0 (none) to 1, of the cutoff at rest.
        beta: Hz by which the cutoff rises with every unit a second, one for all or (n,).
    """
    result = np.array(values, float)
    lowest = np.array([cutoff_of(float(s)) for s in strengths])
    active = np.isfinite(lowest)
    speed = np.zeros(active.sum())
    speed_share = _share(np.full(1, SPEED_CUTOFF), fps)
    for i in range(1, len(result)):
        before = result[i - 1, active]
        speed = speed + speed_share * ((result[i, active] - before) * fps - speed)
        share = _share(lowest[active] + beta * np.abs(speed), fps)
        result[i, active] = before + share * (result[i, active] - before)
    return result


def _share(cutoff: np.ndarray, fps: float) -> np.ndarray:
    """How much of a new value an exponential filter of that cutoff takes."""
    rate = 2.0 * np.pi * cutoff / fps
    return rate / (rate + 1.0)


def rotation_vectors(rotations: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rotation vectors (F, 3) about the mean of rotations (F, 3, 3), and that mean (3, 3)."""
    mean = Rotation.from_matrix(rotations).mean()
    return (mean.inv() * Rotation.from_matrix(rotations)).as_rotvec(), mean.as_matrix()


def rotations_of(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Inverse of :func:`rotation_vectors`."""
    return mean @ Rotation.from_rotvec(vectors).as_matrix()
