"""One face through a clip: the landmark net looks where the face was in the frame before.

The crop of a frame comes from the landmarks of the last one; when the net no longer sees a face there, the detector
looks over the whole frame.
"""

from __future__ import annotations

import math

import numpy as np

from ..head.fitted import Landmarks
from ..image.crops import Square
from ..nets.detection import MIN_FACE_WIDTH, TURNS, Face, find_faces, overlap
from ..nets.face_mesh import square_of_points
from ..nets.landmarks import detect_landmarks, landmarks_in
from ..nets.sessions import FaceNets

QUARTER = math.pi / 2
SEEN = 0.5  # score of the landmark net from which a face counts as seen
JITTER = 3  # crops averaged a frame
SEARCH_TURNED = 8  # every how many frames a face on its side is looked for, until one was seen
SAME_FACE = 0.1  # overlap with where the face was last


class FaceTracker:
    """Follows one face.

    Args:
        nets: the face nets.
        face: which face of the first frame, 0 is the largest; None takes the largest.
    """

    def __init__(self, nets: FaceNets, face: int | None = None):
        self._nets, self._face = nets, face
        self._square: Square | None = None
        self._turn: float | None = None
        self._box: np.ndarray | None = None
        self.redetected = 0

    def track(self, pixels: np.ndarray) -> Landmarks | None:
        """Landmarks in the next frame (H, W, 3) uint8; None where no face is seen."""
        found = None
        if self._square is not None:
            found = landmarks_in(pixels, self._square, self._nets, JITTER)
            if found.score < SEEN:
                found = None
        if found is None:
            found = self._detect(pixels)
        if found is None:
            self._square = None
            return None
        self._square, self._box = square_of_points(np.column_stack([found.points, found.depth])), found.box
        self._turn = round(self._square.angle / QUARTER) * QUARTER
        return found

    def _detect(self, pixels: np.ndarray) -> Landmarks | None:
        """Landmarks of the face where it was last, else of the one that was asked for."""
        turns: tuple[float, ...] = (self._turn or 0.0,)
        if self._turn is None and self.redetected % SEARCH_TURNED == 0:
            turns = TURNS
        self.redetected += 1
        faces = [face for face in find_faces(pixels, self._nets, turns) if face.width >= MIN_FACE_WIDTH]
        face = self._choose(faces) if faces else None
        if face is None:
            return None
        marks = detect_landmarks(pixels, face, self._nets, JITTER)
        return marks if marks.score >= SEEN else None

    def _choose(self, faces: list[Face]) -> Face | None:
        if self._box is not None:
            near = overlap(np.array([face.box for face in faces]), self._box)
            return faces[int(near.argmax())] if near.max() > SAME_FACE else faces[0]
        wanted = self._face or 0
        return faces[wanted] if wanted < len(faces) else None
