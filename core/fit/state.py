"""What a fit seeks: the identity of one head, and its pose, focal length and expression in every photo.

A view has 7 + E parameters: rotation (3, a rotation vector applied on the left), translation (3, mm), log focal length
(1), expression weights (E); the identity (K) is shared by all views.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..head.camera import Camera, Pose, rotation_matrix
from .normal_equations import Parameters

POSE_PARAMETERS = 7
LOG_FOCAL = 6
EXPRESSION = slice(POSE_PARAMETERS, None)


@dataclass(frozen=True)
class ViewState:
    """Parameters of one photo: ``rotation`` (3, 3), ``translation`` (3,) mm, ``log_focal`` (pixels), ``expression``."""

    rotation: np.ndarray
    translation: np.ndarray
    log_focal: float
    expression: np.ndarray

    def stepped(self, step: np.ndarray) -> ViewState:
        """The state after a parameter step (7 + E,)."""
        return ViewState(
            rotation_matrix(step[:3]) @ self.rotation,
            self.translation + step[3:6],
            self.log_focal + float(step[6]),
            np.clip(self.expression + step[POSE_PARAMETERS:], 0.0, 1.0),
        )

    def step_from(self, first: ViewState) -> np.ndarray:
        """(7 + E,) parameter step that leads from ``first`` here."""
        vector = cv2.Rodrigues(self.rotation @ first.rotation.T)[0].ravel()
        return np.concatenate(
            [
                vector,
                self.translation - first.translation,
                [self.log_focal - first.log_focal],
                self.expression - first.expression,
            ]
        )

    def camera(self, width: int, height: int) -> Camera:
        """Pinhole camera with the principal point in the middle."""
        focal = float(np.exp(self.log_focal))
        return Camera(focal, focal, width / 2.0, height / 2.0, width, height)

    def pose(self) -> Pose:
        """Head to camera."""
        return Pose(self.rotation, self.translation)

    def with_expression(self, expression: np.ndarray) -> ViewState:
        """The same pose with other expression weights (E,)."""
        return replace(self, expression=expression)


@dataclass(frozen=True)
class HeadState:
    """One head in all its photos: ``identity`` (K,) in standard deviations, and the parameters of each view."""

    identity: np.ndarray
    views: tuple[ViewState, ...]

    def stepped(self, step: Parameters) -> HeadState:
        """The state after a step of all parameters."""
        views = tuple(view.stepped(part) for view, part in zip(self.views, step.views))
        return HeadState(self.identity + step.shared, views)

    def step_from(self, first: HeadState) -> Parameters:
        """The step that leads from ``first`` here."""
        views = [view.step_from(before) for view, before in zip(self.views, first.views)]
        return Parameters(np.stack(views), self.identity - first.identity)

    def with_identity(self, identity: np.ndarray) -> HeadState:
        """The same views of another head (K,)."""
        return replace(self, identity=identity)

    def expressions(self) -> np.ndarray:
        """(N, E) expression weights of the views."""
        return np.stack([view.expression for view in self.views])


@dataclass(frozen=True)
class Limits:
    """Where a fit may go, and how far in one step.

    Attributes:
        pose: (7,) a step at most: radians, mm, log focal length.
        lowest, highest: expression weights (N, E), or what broadcasts to them; equal ones are held.
        identity: standard deviations that a coefficient may reach.
        identity_step: standard deviations that it may move in one step.
    """

    pose: np.ndarray
    lowest: np.ndarray | float
    highest: np.ndarray | float
    identity: float = np.inf
    identity_step: float = np.inf

    def of_step(self, state: HeadState) -> tuple[Parameters, Parameters]:
        """The lowest and the highest step at a state."""
        weights = state.expressions()
        pose = np.tile(self.pose, (len(weights), 1))
        lower = np.concatenate([-pose, self.lowest - weights], axis=1)
        upper = np.concatenate([pose, self.highest - weights], axis=1)
        down = np.maximum(-self.identity_step, -self.identity - state.identity)
        up = np.minimum(self.identity_step, self.identity - state.identity)
        return Parameters(lower, down), Parameters(upper, up)
