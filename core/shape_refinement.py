"""What the pictures add to the shape that landmarks and the identity reading gave: one order for all who fit heads.

First shading moves the identity (``photometric``), then a smooth displacement follows what no coefficient makes
(``smooth_residual``), at last the skin of several photos is brought to lie on itself (``dense_alignment``).
"""

from __future__ import annotations

import numpy as np

from . import dense_alignment, photometric, smooth_residual
from .character import CoarseFit
from .fit_problem import FitSettings
from .head_model import HeadModel


def refine(
    model: HeadModel,
    fit: CoarseFit,
    images: list[np.ndarray],
    masks: list[np.ndarray | None] | None = None,
    settings: FitSettings | None = None,
) -> CoarseFit:
    """Refine a fit by its pictures; each step is left out where it does not help.

    Args:
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) in [0, 1], the person without what covers it, or None.
        settings: those of the fit.
    """
    for step in (photometric.refine, smooth_residual.follow_photos, dense_alignment.refine):
        fit = step(model, fit, images, masks, settings)
    return fit
