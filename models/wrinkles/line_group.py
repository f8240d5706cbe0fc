"""The entry of a group of wrinkles: where its lines run, how they are drawn, and how deep they become."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from ...core.wrinkles.group import Appearance

Places = list[tuple[float, float]]
Field = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]


def no_seeds(rng: np.random.Generator) -> Places:
    """No line starts at a place of its own: all are left to chance."""
    return []


def even(frame: np.ndarray) -> np.ndarray:
    """(...) spacing over the group's wavelength at points (..., 3): the same everywhere."""
    return np.ones(frame.shape[:-1], np.float32)


@dataclass(frozen=True)
class LineGroup:
    """Lines of one anatomical group.

    Attributes:
        name: of the group.
        family: 1 or 2: which wrinkle normal and which compressed channel.
        driver: expression that creases the skin here.
        wavelength: mm between lines.
        cap: mm, the deepest groove.
        gain, threshold: excess strain = compression x gain - threshold.
        wobble: degrees, spread of the line direction.
        length: mm, median.
        onset: age (0 is 20, 1 is 85 years) at which the first lines stay on the resting face.
        mask: function of points (n, 3) in the face frame: (n,) in [0, 1], where there may be lines.
        direction: function of x and y in the face frame, on the head's left: two (n,), how far lines go across and up.
        retention: share of the memory that stays.
        bilateral: lines run across the midline; else the left side is a perturbed image of the right one.
        secondary: spacing of the finer lines between, as a share of ``wavelength``; 0 for none.
        prior: excess strain taken for granted, where shape keys say too little.
        floor: share of the memory that is there at every age.
        resting: lines that age alone draws: no expression deepens them, and they bend no other lines.
        pits: dimples in no order instead of lines.
        young: share of the dynamic depth that skin of 20 years shows; it is all there at mid-life.
        roll: height of half a roll over the depth of its groove.
        layouts: how many alternatives there are of the lines.
        seeds: function of a generator: where the main lines that every face has start, (x, y) in the face frame.
        spacing: function of points (..., 3) in the face frame: spacing of lines there over ``wavelength``.
        drawn: function (group, grid, generator) that draws one layout as splines; None traces streamlines.
        lower: of the lower face: does not come with the eyes, though they are part of the driver.
        appearance: how photos show the lines.
    """

    name: str
    family: int
    driver: Mapping[str, float]
    wavelength: float
    cap: float
    gain: float
    threshold: float
    wobble: float
    length: float
    onset: float
    mask: Callable[[np.ndarray], np.ndarray]
    direction: Field
    retention: float = 1.0
    bilateral: bool = False
    secondary: float = 0.45
    prior: float = 0.02
    floor: float = 0.0
    resting: bool = False
    pits: bool = False
    young: float = 0.85
    roll: float = 0.22
    layouts: int = 4
    seeds: Callable[[np.random.Generator], Places] = no_seeds
    spacing: Callable[[np.ndarray], np.ndarray] = even
    drawn: Callable[..., list] | None = None
    lower: bool = False
    appearance: Appearance = field(default_factory=Appearance)
