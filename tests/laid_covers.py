"""A portrait with things laid over its face by code, shared by tests of what hides skin."""

from __future__ import annotations

import functools

import cv2
import numpy as np
from face_fixtures import nets, portrait
from furrow.core.fit.problem import Observation
from furrow.core.head.landmark_sets import EYES, eye_distance
from furrow.core.nets.detection import choose_face, find_faces
from furrow.core.nets.landmarks import detect_landmarks

LOWER_FACE = [454, 323, 361, 288, 397, 365, 379, 378, 400, 377, 152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234,
              227, 118, 101, 197, 330, 347, 447]  # fmt: skip


@functools.cache
def head_shot() -> np.ndarray:
    """(640, 640, 3) uint8: the portrait's head, enlarged."""
    return cv2.resize(portrait()[:320, 66:386], (640, 640), interpolation=cv2.INTER_CUBIC)


def observed(photo: np.ndarray) -> Observation:
    """The photo's landmarks."""
    face, _ = choose_face(find_faces(photo, nets()))
    return Observation(detect_landmarks(photo, face, nets()), photo.shape[1], photo.shape[0], None, "photo.png")


@functools.cache
def marks() -> np.ndarray:
    """(478, 2) landmarks of the bare face, pixels."""
    return observed(head_shot()).landmarks.points


def masked(colour: tuple[int, int, int]) -> tuple[np.ndarray, np.ndarray]:
    """The portrait with a cloth over nose and mouth, shaded as the face is, and where that lies (h, w) bool."""
    there = np.zeros(head_shot().shape[:2], np.uint8)
    cv2.fillPoly(there, [np.round(marks()[LOWER_FACE]).astype(np.int32)], 1)
    shade = cv2.GaussianBlur(head_shot().mean(axis=-1), (0, 0), eye_distance(marks()) / 6)
    shade = np.clip(shade / np.median(shade[there > 0]), 0.5, 1.4)[..., None]
    grain = np.random.default_rng(0).normal(0, 4, head_shot().shape)
    cloth = np.clip(np.array(colour) * shade + grain, 0, 255)
    return np.where(there[..., None] > 0, cloth, head_shot()).astype(np.uint8), there > 0


def with_sunglasses() -> tuple[np.ndarray, np.ndarray]:
    """The portrait with opaque glasses, and where they lie (h, w) bool."""
    there = np.zeros(head_shot().shape[:2], np.uint8)
    for eye in EYES:
        centre = np.round(marks()[list(eye)].mean(axis=0)).astype(int)
        axes = np.round(np.array([0.3, 0.22]) * eye_distance(marks())).astype(int)
        cv2.ellipse(there, tuple(centre.tolist()), tuple(axes.tolist()), 0, 0, 360, 1, -1)
    return np.where(there[..., None] > 0, 12, head_shot()).astype(np.uint8), there > 0


def under_two_lights() -> np.ndarray:
    """The portrait lit red from one side and blue from the other."""
    across = (np.arange(head_shot().shape[1]) - marks()[1, 0]) / (0.25 * eye_distance(marks()))
    right = 1 / (1 + np.exp(-across))[None, :, None]
    light = (1 - right) * np.array([1.2, 0.35, 0.35]) + right * np.array([0.35, 0.4, 1.3])
    return np.clip(head_shot() * light, 0, 255).astype(np.uint8)
