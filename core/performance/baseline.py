"""The face at rest: what the landmarks of a clip show while nothing moves must not be taken for expression.

Landmark nets and fitted shapes disagree by a millimetre or two in places, brows above all, and differently for every
person and picture. Over a clip that part is constant, and most shapes are at rest most of the time: their lower
quartile is moved from the expression into the neutral landmarks.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from ..fit import coarse
from ..head.fitted import Landmarks, View
from ..head.model import HeadModel
from ..head.personal_shapes import personal_deltas
from .clip import Clip
from .eyes import usual_openings
from .guess import guesses
from .performance import FACING_CAMERA
from .solve import FaceMotion, Guess, calibrated, face_motion, solve_frame

ROUNDS = 2
RESTING = 0.25  # quantile of a weight over the clip that counts as its value at rest
FEWEST = 8  # frames that show enough to tell
GAZE = "eyeLook"


@dataclass(frozen=True)
class Neutral:
    """The face at rest.

    Attributes:
        face: with its landmarks at rest.
        rotation: (3, 3) turn of the head that counts as straight ahead.
        reading: (E,) weights that the regressor reads in the face at rest.
    """

    face: FaceMotion
    rotation: np.ndarray
    reading: np.ndarray


def rest_face(
    face: FaceMotion,
    samples: list[Landmarks],
    width: int,
    height: int,
    focal: float,
    neutral: str | int,
    chosen: Landmarks | None,
) -> Neutral:
    """The face with the baseline of a clip.

    Args:
        samples: landmarks of some frames, spread over the clip.
        focal: pixels.
        neutral: "auto", "none", or the number of the frame whose landmarks are ``chosen``.
    """
    if len(samples) >= FEWEST:
        face = replace(face, opening=usual_openings(samples))
    nothing = np.zeros(len(face.names))
    if chosen is not None:
        fit = solve_frame(face, chosen, width, height, focal, neutral=True)
        rest = calibrated(face, chosen, width, height, fit.state)
        return Neutral(rest, FACING_CAMERA @ fit.state.rotation, guesses([chosen], face.names)[0].weights)
    if neutral != "auto" or len(samples) < FEWEST:
        return Neutral(face, np.eye(3), nothing)
    reading = _resting(face.names, [guess.weights for guess in guesses(samples, face.names)])
    for _ in range(ROUNDS):
        face = _settled(face, samples, guesses(samples, face.names, reading), width, height, focal)
    return Neutral(face, np.eye(3), reading)


def _resting(names: tuple[str, ...], weights: list[np.ndarray]) -> np.ndarray:
    """(E,) lower quartile of weights (n, E); nobody's gaze rests in a corner."""
    resting = np.quantile(weights, RESTING, axis=0)
    resting[[name.startswith(GAZE) for name in names]] = 0.0
    return resting


def _settled(
    face: FaceMotion, samples: list[Landmarks], read: list[Guess], width: int, height: int, focal: float
) -> FaceMotion:
    """One round: the resting weights and the median residual become part of the neutral landmarks."""
    weights, moved, state = [], [], None
    for landmarks, guess in zip(samples, read):
        state = solve_frame(face, landmarks, width, height, focal, state, guess).state
        weights.append(state.expression)
        moved.append(calibrated(face, landmarks, width, height, state).basis.mean)
    mean = np.median(moved, axis=0) + face.basis.expression @ _resting(face.names, weights)
    return replace(face, basis=replace(face.basis, mean=mean))


def own_photo(face: FaceMotion, view: View) -> FaceMotion:
    """The character's face, calibrated by the photo that it was made from."""
    camera = view.camera
    (guess,) = guesses([view.landmarks], face.names)
    fit = solve_frame(face, view.landmarks, camera.width, camera.height, camera.fx, guess=guess)
    return calibrated(face, view.landmarks, camera.width, camera.height, fit.state)


def other_person(
    head: HeadModel, clip: Clip, samples: list[Landmarks], focal: float | None
) -> tuple[FaceMotion, float]:
    """The moving face of somebody else, fitted to some frames, and the focal length in pixels."""
    photos = [
        coarse.Observation(_double(mark), clip.width, clip.height, focal, f"{clip.name}, sample {i}")
        for i, mark in enumerate(samples)
    ]
    fit = coarse.fit(head, photos)
    focal = focal or float(np.median([view.camera.fx for view in fit.views]))
    face = face_motion(head, fit.neutral, personal_deltas(head, fit.neutral, apart=False))
    if len(samples) == 1:  # a single photo: what shape and expression cannot explain is no motion
        face = own_photo(face, fit.views[0])
    return face, focal


def _double(mark: Landmarks) -> Landmarks:
    return replace(mark, **{name: getattr(mark, name).astype(float) for name in ("points", "depth", "spread", "box")})
