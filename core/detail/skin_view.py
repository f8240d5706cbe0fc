"""One photo's skin as lines and relief are read from it: the maps they need, and how the expression pulls at it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import Chart
from ..head.fitted import CoarseFit, View
from ..head.model import HeadModel, HeadTopology
from ..head.tension import evaluate_tension, tension_weights
from ..image.colour import channel_mean
from ..texture.view_texture import ViewTexture, folds_of
from ..view.lighting import Light
from ..view.unwrap import PosedView, posed_vertices

WORK_SIZE = 1024  # texels, at most, that lines and relief are read at


@dataclass(frozen=True, eq=False)
class SkinView:
    """The skin in one photo.

    Attributes:
        topology: of the head.
        texture: the photo in UV space.
        chart: of the head, for the two maps below.
        luminance: (s, s) float32 log, shading divided out.
        bare: (s, s) float32 in [0, 1], skin whose shading is worth reading.
        tension: (V, 3) in [0, 1], compression of both families and stretch in the photo's expression.
        pressure: (V, 3) the same, but where the expression draws a fold compression is that of the fold at least.
    """

    topology: HeadTopology
    texture: ViewTexture
    chart: Chart
    luminance: np.ndarray
    bare: np.ndarray
    tension: np.ndarray
    pressure: np.ndarray

    @property
    def posed(self) -> PosedView:
        """The head in the photo."""
        return self.texture.posed

    @property
    def light(self) -> Light:
        """The light on it."""
        return self.texture.light

    @property
    def pushed(self) -> np.ndarray:
        """(V,) in [0, 1], the stronger of both compressions."""
        return self.pressure[:, :2].max(1)


def skin_view(model: HeadModel, fit: CoarseFit, view: View, texture: ViewTexture, chart: Chart) -> SkinView:
    """The skin in one photo.

    Args:
        view: the photo's, of the fit.
        texture: the photo in UV space.
        chart: of the fitted head, for the maps of the texture.
    """
    bare = _reduced(texture.bare)
    tension = vertex_tension(model, fit, view)
    pressure = tension.copy()
    pressure[:, :2] = np.maximum(pressure[:, :2], folds_of(model, view.expression)[:, None])
    luminance = np.ascontiguousarray(channel_mean(_reduced(texture.shaded)), np.float32)
    return SkinView(model.topology, texture, chart.at(len(bare)), luminance, bare, tension, pressure)


def vertex_tension(model: HeadModel, fit: CoarseFit, view: View) -> np.ndarray:
    """(V, 3) in [0, 1]: compression of both families and stretch in the expression of a photo, as the mesh has them."""
    tension = evaluate_tension(tension_weights(model.topology, fit.neutral), posed_vertices(model, fit, view))
    values = np.zeros((model.topology.vertex_count, 3), np.float32)
    values[: len(tension.stretch)] = tension.stack()
    return values


def _reduced(values: np.ndarray) -> np.ndarray:
    """A map (S, S[, c]) at ``WORK_SIZE`` at most."""
    if len(values) <= WORK_SIZE:
        return np.ascontiguousarray(values, np.float32)
    return cv2.resize(values, (WORK_SIZE, WORK_SIZE), interpolation=cv2.INTER_AREA).astype(np.float32)
