"""The shading of all photos of a fit, as terms of its normal equations (``shading``)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..head.fitted import CoarseFit
from ..head.model import HeadModel
from .normal_equations import NormalEquations, Term
from .shading_term import (
    ShadingImage,
    SkinPatch,
    patch_normals,
    shading_image,
    shading_term,
    skin_patch,
    visible_vertices,
)
from .state import HeadState

OUTLIER = 3.0  # standard deviations: no vertex counts as farther off


@dataclass(frozen=True)
class ShadedViews:
    """What the light on the skin of m vertices says about a head of K coefficients, in N photos.

    Attributes:
        patch: the vertices.
        images: of each photo.
        visible: (m,) bool for each photo.
        normals: (m, 3, E + K) for each photo, derivative of the normals at the fit; it hardly changes within the few
            steps of a refinement.
        sizes: width and height of each photo in pixels.
    """

    patch: SkinPatch
    images: tuple[ShadingImage, ...]
    visible: tuple[np.ndarray, ...]
    normals: tuple[np.ndarray, ...]
    sizes: tuple[tuple[int, int], ...]

    def add_to(self, equations: NormalEquations, state: HeadState, shares: Sequence[float]) -> None:
        """Add the shading of each photo at a state, counted by its share."""
        for i, share in enumerate(shares):
            equations.add([self.term(state, i)], (i,), share)

    def term(self, state: HeadState, index: int, jacobian: bool = True) -> Term:
        """Residuals of one photo at a state; of all m vertices, and without a Jacobian, if that is not asked for."""
        normals = self.normals[index] if jacobian else None
        return shading_term(
            self.patch, self.images[index], self.visible[index], normals, state.identity, state.views[index],
            *self.sizes[index],
        )

    def misfit(self, state: HeadState) -> float:
        """Mean squared residual at a state, summed over the photos; bounded, so that outliers do not decide."""
        total = 0.0
        for index in range(len(self.images)):
            term = self.term(state, index, jacobian=False)
            base = np.where(term.weight > 0.0, self.patch.weight, 0.0)
            total += float(base @ np.minimum(term.residual**2, OUTLIER**2) / max(base.sum(), 1e-9))
        return total


def shaded_views(
    head: HeadModel,
    fit: CoarseFit,
    identity: np.ndarray,
    images: Sequence[np.ndarray],
    masks: Sequence[np.ndarray | None] = (),
) -> ShadedViews:
    """The shading of a fit's photos.

    Args:
        head: the model whose coefficients are to be refined, with what the fit has beyond them.
        fit: says how the photos see the head.
        identity: (K,) coefficients of ``head`` that make the fit.
        images: per view the upright photo, (H, W, 3) uint8 sRGB.
        masks: per view (H, W) skin or person mask in [0, 1] or None; by default there are none.
    """
    patch = skin_patch(head, len(identity))
    views, masks = fit.views, masks or [None] * len(images)
    return ShadedViews(
        patch,
        tuple(shading_image(image, view, mask) for image, view, mask in zip(images, views, masks)),
        tuple(visible_vertices(head, fit, view)[patch.vertices] for view in views),
        tuple(patch_normals(patch, identity, np.asarray(view.expression, float), True)[1] for view in views),
        tuple((view.camera.width, view.camera.height) for view in views),
    )
