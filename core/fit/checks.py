"""What the coarse fit says about itself: warnings, and heads pulled back that would not be a face."""

from __future__ import annotations

import numpy as np

from ..head.fitted import CoarseFit, View
from ..head.model import HeadModel
from ..mesh.operators import triangle_normals

# Fitted, radians. The landmark net places what it cannot see as on a face turned by 60: renders turned by 60 degrees
# were fitted at 56 to 58, by 70 and 80 at 59 to 63, by 45 at 42 to 49; from 60 on the shape was no nearer than the mean
PROFILE_YAW = np.deg2rad(53.0)
LARGE_ERROR = 0.06
INVERTED_ALLOWED = 0.002
PULL_BACK = 0.85


def yaw(rotation: np.ndarray) -> float:
    """Angle in radians by which a head pose (3, 3) is turned away from the camera, about the head's vertical axis."""
    to_camera = -rotation[2]  # in the head, so that a photo's roll does not count
    return float(np.arctan2(-to_camera[0], to_camera[2]))


def view_warnings(view: View) -> list[str]:
    """Lines for the artist about one fitted photo."""
    lines = []
    turned = abs(yaw(view.pose.rotation))
    if turned > PROFILE_YAW:
        lines.append(
            f"{view.photo}: the head is turned by {np.rad2deg(turned):.0f} degrees or more, too far to measure it; "
            "shape and expression are mostly guessed. Add a photo from the front."
        )
    elif view.landmark_error > LARGE_ERROR:  # in a profile the eyes are too near to each other to measure by
        lines.append(
            f"{view.photo}: the head fits only roughly (landmarks off by {100 * view.landmark_error:.1f} % of the eye "
            "distance); a sharper or more frontal photo may help."
        )
    return lines


def landmarks_worse(found: CoarseFit, fit: CoarseFit, by: float) -> bool:
    """Whether a refinement fits the landmarks of any photo worse than ``fit`` by more than a share of the eye distance.

    What a refinement believes to see must not contradict what the landmarks surely show: it is not taken then.
    """
    return any(new.landmark_error > old.landmark_error + by for new, old in zip(found.views, fit.views))


def inverted_share(model: HeadModel, identity: np.ndarray) -> float:
    """Share of the head's triangles that face against those of the mean head."""
    triangles = model.topology.head_triangles
    here = triangle_normals(model.neutral(identity), triangles)
    mean = triangle_normals(model.mean, triangles)
    return float((np.einsum("td,td->t", here, mean) < 0).mean())


def final_checks(model: HeadModel, identity: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Identity pulled towards the mean until almost no triangle is inverted, with a warning if it was."""
    pulled = identity
    while inverted_share(model, pulled) > INVERTED_ALLOWED:
        pulled = pulled * PULL_BACK
    if pulled is identity:
        return identity, []
    return pulled, ["The fitted shape was not a plausible head and was pulled back towards the average."]
