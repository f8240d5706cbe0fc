"""Size of the irises: nearly the same in everybody, a little of it told by the photos."""

from __future__ import annotations

import numpy as np

from ..head.fitted import CoarseFit
from ..head.landmark_sets import IRISES
from ..head.model import HeadModel

# mm, horizontal white to white of adults, 11.71 +- 0.42: Ruefer and others, Cornea 24:259, 2005
IRIS_DIAMETER = 11.7
IRIS_RANGE = (10.7, 12.7)  # mm, two to three standard deviations
# share of the landmarks' deviation that is taken: on rendered eyes of known irises they follow with a slope of .47 to
# .57 and a spread of some 0.4 mm, so that of people's spread of 0.42 mm a third is what they tell
TRUST = 0.33


def iris_diameter(model: HeadModel, fit: CoarseFit) -> float:
    """Millimetres of the fitted head, from the iris landmarks of all its views."""
    marks = model.landmarks(fit.neutral.astype(float))
    seen = []
    for view in fit.views:
        depth = view.pose.apply(marks)[:, 2]
        for centre, left, up, right, down in IRISES:
            axes = view.landmarks.points[[left, up]] - view.landmarks.points[[right, down]]
            # the longer one: where the eye looks aside the other is foreshortened
            pixels = np.linalg.norm(axes, axis=1).max()
            seen.append(pixels * depth[centre] / view.camera.fx)
    return float(np.clip(IRIS_DIAMETER + TRUST * (np.median(seen) - IRIS_DIAMETER), *IRIS_RANGE))
