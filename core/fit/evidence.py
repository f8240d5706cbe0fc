"""What a refinement goes by beyond the landmarks: one value that all its steps are given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .person_border import PersonBorder
from .problem import FitSettings


@dataclass(frozen=True)
class Evidence:
    """Pictures of the views of a fit, and what was found in them.

    Attributes:
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) in [0, 1], skin or person without what covers it, or None; empty where nobody looked.
        borders: per view where the person ends (``person_border``); empty where nobody looked.
        settings: those of the fit.
    """

    images: Sequence[np.ndarray]
    masks: Sequence[np.ndarray | None] = ()
    borders: Sequence[PersonBorder] = ()
    settings: FitSettings = FitSettings()
