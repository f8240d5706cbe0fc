"""What the pictures add to the shape that landmarks and the identity reading gave: one order for all who fit heads.

First the border of the person moves skull, ears, neck and cheeks (``person_border``), then shading the identity
(``photometric``); a smooth displacement follows what no coefficient makes (``smooth_residual``), at last the skin of
several photos is brought to lie on itself (``dense_alignment``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..head.fitted import CoarseFit
from ..head.model import HeadModel
from . import dense_alignment, photometric, smooth_residual
from .checks import landmarks_worse
from .coarse import head_state, plausible, problem_of, result
from .evidence import Evidence
from .person_border import PersonBorder, border_in_photo
from .problem import FitSettings
from .solver import descend

ROUNDS = 2  # the outline is drawn anew in each
STEPS = 4  # in a round


def refine(
    model: HeadModel,
    fit: CoarseFit,
    images: list[np.ndarray],
    masks: Sequence[np.ndarray | None] | None = None,
    settings: FitSettings | None = None,
    covers: list[np.ndarray | None] | None = None,
) -> CoarseFit:
    """Refine a fit by its pictures; each step is left out where it does not help.

    Args:
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) in [0, 1], the person without what covers it, or None.
        settings: those of the fit.
        covers: per view (H, W) in [0, 1], hands before the face, or None.
    """
    borders: list[PersonBorder] = []
    people = [mask for mask in masks or () if mask is not None]
    if masks is not None and len(people) == len(masks):
        borders = [
            border_in_photo(image, view.landmarks.points, mask, cover)
            for image, view, mask, cover in zip(images, fit.views, people, covers or [None] * len(images))
        ]
    evidence = Evidence(images, masks or (), borders, settings or FitSettings())
    for step in (outlined, photometric.refine, smooth_residual.follow_photos, dense_alignment.refine):
        fit = step(model, fit, evidence)
    return fit


def outlined(model: HeadModel, fit: CoarseFit, evidence: Evidence) -> CoarseFit:
    """The fit with its outline brought to the border of the person; ``fit`` itself where landmarks get much worse, or
    where nobody looked for a border."""
    if not evidence.borders:
        return fit
    found = fit
    for _ in range(ROUNDS):
        problem = problem_of(model, found, evidence)
        problem = replace(problem, settings=replace(problem.settings, iterations=STEPS))
        state, _ = plausible(model, problem, descend(problem, head_state(found)))
        found = result(model, problem, state, fit.warnings)
    return fit if landmarks_worse(found, fit, photometric.LANDMARKS_WORSE) else found
