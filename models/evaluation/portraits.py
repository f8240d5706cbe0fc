"""Portraits of given heads in a given skin tone, light and turn, with the camera and pose they were taken with.

Painted as the training pictures are (``renders.scene``), larger, and with the principal point in the middle as in
a photo that nobody cropped.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ...core.fit.problem import Observation
from ...core.head.camera import Camera, Pose, rotation_matrix
from ...core.image.colour import LUMINANCE, srgb_to_linear
from ...core.nets.detection import choose_face, find_faces
from ...core.nets.landmarks import bare_person, detect_landmarks
from ...core.nets.sessions import FaceNets
from ..renders.scene import FACE_MIDDLE, FACE_WIDTH, Light, Looks, RenderScene, Shot, between_eyes, render

SIZE = 512  # pixels
FILL = 0.42  # share of the picture's width that FACE_WIDTH takes: head and neck with some room
# Albedo of skin in the ten steps of the Monk Skin Tone Scale (E. Monk, 2019), 1 is the lightest: CIELAB (D65). The
# scale's own swatches are screen colours, paler and darker than skin reflects: L* 94 to 15. These are means of skin as
# measured with a spectrophotometer, by classes of the individual typology angle (very light 72, 6.5, 12; light 67, 8.5,
# 15; intermediate 63, 10, 17.5; tan 57.5, 11.5, 19; brown 47, 12, 18.5; dark 36, 10, 13), as quoted after Chardon and
# others 1991 and Del Bino and Bernerd 2013, not checked line by line, and spread over the ten steps.
TYPOLOGY_STEPS = (1.0, 2.5, 4.0, 5.5, 7.0, 9.0, 10.0)
TYPOLOGY_LAB = (
    (72.0, 6.5, 12.0), (67.0, 8.5, 15.0), (63.0, 10.0, 17.5), (57.5, 11.5, 19.0), (47.0, 12.0, 18.5),
    (36.0, 10.0, 13.0), (30.0, 8.5, 9.5),
)
TONES = 10
EXPOSURE = 1.4  # of the lightest skin: faces are exposed brighter than they reflect
METERING = 0.25  # how far cameras open up for a dark face: exponent of how much darker than the lightest tone it is
# what a face in front of the camera may be lit by; warm is a lamp of some 3,500 K, half of it balanced by the camera
LIGHTS: dict[str, Light] = {
    "daylight": Light(0.6, (0.3, -0.6, -1.0)),
    "warm": Light(0.45, (-0.5, -0.5, -1.0), (1.1, 0.95, 0.75)),
    "side": Light(0.3, (1.0, -0.3, -0.45)),
}
FRONTAL, TURNED = 3.0, (25.0, 35.0)  # degrees: largest turn of a frontal photo, range of a turned one
TILT = 3.0  # degrees, largest pitch and roll
DISTANCE = (550.0, 1200.0)  # mm between the camera and the eyes: lenses of some 55 to 120 mm for a 36 mm wide picture
WRINKLES_FROM, WRINKLES_TO = 20.0, 85.0  # years at age 0 and 1 of the wrinkles
STUBBLE = 0.35  # share of men


@dataclass(frozen=True)
class Portrait:
    """A picture and how it was taken.

    Attributes:
        pixels: (SIZE, SIZE, 3) uint8 sRGB.
        camera: pixels.
        pose: head to camera, of the head's own coordinates.
    """

    pixels: np.ndarray
    camera: Camera
    pose: Pose


def skin_lab(tone: int) -> np.ndarray:
    """(3,) CIELAB (D65) of the albedo of a Monk tone, 1 to 10.

    Raises:
        ValueError: another tone.
    """
    if not 1 <= tone <= TONES:
        raise ValueError(f"Monk tones are 1 to {TONES}, not {tone}.")
    return np.array([np.interp(tone, TYPOLOGY_STEPS, column) for column in zip(*TYPOLOGY_LAB)])


def skin_albedo(tone: int) -> tuple[float, float, float]:
    """Linear albedo of a Monk tone, 1 to 10.

    Raises:
        ValueError: another tone.
    """
    colour = cv2.cvtColor(skin_lab(tone).astype(np.float32).reshape(1, 1, 3), cv2.COLOR_LAB2RGB).ravel()
    red, green, blue = srgb_to_linear(colour.astype(float))
    return float(red), float(green), float(blue)


def yaw_of(turned: bool, rng: np.random.Generator) -> float:
    """Degrees: a frontal photo's turn, or a turned one's, to either side."""
    return rng.uniform(-FRONTAL, FRONTAL) if not turned else rng.uniform(*TURNED) * rng.choice([-1, 1])


def portrait(
    scene: RenderScene, head: np.ndarray, tone: int, light: str, yaw: float, seed: int, *,
    years: float = 40.0, man: bool = False, size: int = SIZE, weights: np.ndarray | None = None,
) -> Portrait:
    """A picture that depends on its arguments only.

    Args:
        head: (V, 3) mm, neutral or posed.
        tone: Monk tone, 1 to 10.
        light: of ``LIGHTS``.
        yaw: degrees, positive when the face turns to its own left.
        seed: of brows, hair, lips, tilt and distance.
        years: age of the skin, for its wrinkles, if the scene has them.
        man: may have stubble.
        size: pixels, side of the picture.
        weights: (52,) of the expression that the head is posed in, for its wrinkles; None is at rest.

    Raises:
        ValueError: no such tone.
    """
    rng = np.random.default_rng(seed)
    skin = skin_albedo(tone)
    exposure = EXPOSURE * (LUMINANCE @ skin_albedo(1) / (LUMINANCE @ skin)) ** METERING
    age = np.clip((years - WRINKLES_FROM) / (WRINKLES_TO - WRINKLES_FROM), 0.0, 1.0)
    beard = STUBBLE if man else 0.0
    looks = Looks(beard=beard, skin=skin, skin_age=float(age), light=LIGHTS[light], exposure=float(exposure))
    pitch, roll = np.radians(rng.uniform(-TILT, TILT, 2))
    turn = rotation_matrix(np.array([0.0, np.radians(yaw), 0.0]))
    tilt = rotation_matrix(np.array([0.0, 0.0, roll])) @ rotation_matrix(np.array([pitch, 0.0, 0.0]))
    rotation = tilt @ np.diag([1.0, -1.0, -1.0]) @ turn
    distance = rng.uniform(*DISTANCE)
    position = np.array([0.0, 0.0, distance]) - rotation @ np.array(FACE_MIDDLE)
    focal = FILL * size / FACE_WIDTH * distance
    shot = Shot(rotation, position, focal, size, (size / 2, size / 2))
    pose = Pose(rotation, position - rotation @ between_eyes(scene, head))
    camera = Camera(focal, focal, size / 2, size / 2, size, size)
    return Portrait(render(scene, head, shot, rng, looks, weights), camera, pose)


def observation(taken: Portrait, nets: FaceNets, name: str = "portrait") -> Observation:
    """What the fit is told of a portrait, as of a photo whose file does not tell the focal length.

    Raises:
        NoFaceError: the nets find no face in it.
        PhotoError: the face is too small for them.
    """
    return looked_at(taken, nets, name)[0]


def looked_at(taken: Portrait, nets: FaceNets, name: str = "portrait") -> tuple[Observation, np.ndarray]:
    """``observation``, and (SIZE, SIZE) in [0, 1] where the picture shows the person.

    Raises:
        NoFaceError, PhotoError: as ``observation``.
    """
    face, _ = choose_face(find_faces(taken.pixels, nets), None)
    marks = detect_landmarks(taken.pixels, face, nets)
    seen = Observation(marks, taken.camera.width, taken.camera.height, None, name)
    return seen, bare_person(taken.pixels, face, None, nets)
