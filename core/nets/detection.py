"""Face detection: MediaPipe's BlazeFace nets over the whole photo and, for small faces, over tiles of it.

Candidates are confirmed by the landmark net, which tells faces from patterns that only look like one in the small.
It does not tell which way up a face is: turned by 180 degrees it sees a face too, with the eyes on the mouth. The
detector does, so a candidate that it doubts is looked at in all four quarter turns, and a photo without a sure face
is searched in them.

Method: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs" (2019): regression from
fixed anchors, and weighted non-maximum suppression, which averages overlapping candidates instead of dropping them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..errors import NoFaceError, PhotoError
from ..image.crops import Square, crop
from .face_mesh import mesh_in, square_of_box, square_of_points
from .sessions import FULL_RANGE, SHORT_RANGE, FaceNets

MIN_FACE_WIDTH = 60  # pixels
TILE = 640  # pixels
MERGE_OVERLAP = 0.3
SAME_FACE_OVERLAP = 0.3
SURE_SCORE, POSSIBLE_SCORE = 0.95, 0.3  # of the landmark net
# of the short-range detector in the landmark net's crop: least of a face the right way up. In 16 photos, each looked at
# in 11 turns, it was 0.856 or more where the turn was right, 0.82 or less where it was wrong
UPRIGHT_SCORE = 0.84
# what scores less is a pattern beside a sure face, and where only a turn has shown it; a masked face has 0.81
NO_FACE_SCORE = 0.75
PATTERN_SCORE = 0.6  # below, what the landmark net doubts too is no face; in full profiles both saw one in the ear
CLEARER = 0.05  # by which that score has to be higher for a candidate to be turned
TURNS = (0.0, math.pi / 2, -math.pi / 2, math.pi)  # radians, in which a photo is searched
# a crop stands still: roll in radians, place and size over its side; how often the net is asked at most
STILL_ROLL, STILL_PLACE, STILL_SIZE, MOST_LOOKS = math.radians(2.0), 0.03, 0.05, 8
# look for small faces unless the largest face fills this share of the photo's longer side
LARGE_FACE = 0.1


@dataclass(frozen=True)
class Face:
    """One detected face.

    Attributes:
        box: (4,) x0, y0, x1, y1 pixels, brows to chin and ear to ear.
        keypoints: (6, 2) pixels: right eye, left eye, nose tip, mouth, right ear, left ear (the person's sides).
        score: 0 to 1.
        square: crop for the landmark net, its roll settled; None where nobody looked.
        seen: probability by the landmark net that there is a face in it, 0 to 1.
        upright: score of the short-range detector in it, 0 to 1.
    """

    box: np.ndarray
    keypoints: np.ndarray
    score: float
    square: Square | None = None
    seen: float = 0.0
    upright: float = 0.0

    @property
    def width(self) -> float:
        """Width of the box, pixels."""
        return float(self.box[2] - self.box[0])

    @property
    def is_sure(self) -> bool:
        """Whether it is a face beyond doubt, and which way up."""
        return self.seen >= SURE_SCORE and self.upright >= UPRIGHT_SCORE


@dataclass(frozen=True)
class Detector:
    """How one net is fed and read.

    Attributes:
        net: its name.
        size: side of its input, pixels.
        grids: of anchors, as (cells, anchors a cell).
        threshold: least score of a candidate.
        regression, score: names of its outputs.
        black: value that the net expects of black; white is 1.
    """

    net: str
    size: int
    grids: tuple[tuple[int, int], ...]
    threshold: float
    regression: str
    score: str
    black: float = -1.0

    @property
    def anchors(self) -> np.ndarray:
        """(A, 2) centres of the anchors in the input, 0 to 1, row by row."""
        grids = []
        for cells, repeat in self.grids:
            rows, columns = np.mgrid[0:cells, 0:cells].reshape(2, -1)
            grids.append(np.repeat((np.stack([columns, rows], axis=-1) + 0.5) / cells, repeat, axis=0))
        return np.concatenate(grids)


_SHORT = Detector(SHORT_RANGE, 128, ((16, 2), (8, 6)), 0.5, "regressors", "classificators")
_FULL = Detector(FULL_RANGE, 192, ((48, 1),), 0.6, "Identity", "Identity_1")


def find_faces(pixels: np.ndarray, nets: FaceNets, turns: Sequence[float] = TURNS) -> list[Face]:
    """All faces in a photo, largest first.

    Args:
        pixels: (H, W, 3) uint8 sRGB.
        nets: the face nets.
        turns: radians, in which it is searched one after the other, until there is a sure face.
    """
    longer = max(pixels.shape[:2])
    faces = _confirmed(pixels, (_detect_in_whole(pixels, turn, nets) for turn in turns), [], nets)
    largest = max((face.width for face in faces), default=0.0)
    if longer > TILE and largest < LARGE_FACE * longer:
        faces = _confirmed(pixels, (_detect_in_tiles(pixels, turn, nets) for turn in turns), faces, nets)
    return sorted(faces, key=lambda face: -face.width)


def choose_face(faces: list[Face], index: int | None = None) -> tuple[Face, tuple[str, ...]]:
    """The face to reconstruct, and notes for the artist.

    Args:
        faces: largest first.
        index: which one, 0 is the largest; None takes the largest and says so if there are others.

    Raises:
        NoFaceError: there is no face, or none with that index.
        PhotoError: the face is too small.
    """
    if not faces:
        raise NoFaceError(
            "No face was found: use a photo in which the whole face is seen, sharp, lit and turned to the camera."
        )
    if index is not None and not 0 <= index < len(faces):
        last = len(faces) - 1
        shown = f"{last + 1}, numbered from 0 (the largest) to {last}" if last else "one, number 0"
        raise NoFaceError(f"There is no face {index}: the photo shows {shown}.")
    face = faces[index or 0]
    if face.width < MIN_FACE_WIDTH:
        raise PhotoError(
            f"The face is only {face.width:.0f} pixels wide, at least {MIN_FACE_WIDTH} are needed: "
            "use a closer or larger photo."
        )
    notes = []
    if index is None and len(faces) > 1:
        others = "1" if len(faces) == 2 else f"1 to {len(faces) - 1}"
        notes.append(f"{len(faces)} faces found, the largest is used; choose another by its number, {others}.")
    if face.square is not None and (face.seen < SURE_SCORE or face.upright < NO_FACE_SCORE):
        why = "a profile, an animal, covered or blurred"
        notes.append(f"the face is not seen clearly ({why}); the head may be quite another.")
    return face, tuple(notes)


def candidates(pixels: np.ndarray, square: Square, detector: Detector, nets: FaceNets) -> tuple[np.ndarray, np.ndarray]:
    """What a detector sees in a square: the corners of a box and keypoints (n, k, 2), photo pixels, and scores (n,)."""
    levels = np.float32(255.0 / (1.0 - detector.black))  # for one unit of the net's input
    batch = crop(pixels, square, detector.size, replicate=False)[None] / levels + np.float32(detector.black)
    outputs = nets.run(detector.net, batch)
    logits = outputs[detector.score][0, :, 0].astype(np.float64)
    scores = 1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0)))
    likely = scores >= detector.threshold
    # centre, size, keypoints; all but the size are relative to the anchor
    values = outputs[detector.regression][0, likely]
    points = values.reshape(len(values), values.shape[1] // 2, 2).astype(np.float64) / detector.size
    anchors = detector.anchors[likely]
    centre, half = points[:, 0] + anchors, points[:, 1] / 2
    points[:, 2:] += anchors[:, None]
    points[:, 0], points[:, 1] = centre - half, centre + half
    return square.to_photo(points), scores[likely]


def _detect(pixels: np.ndarray, square: Square, detector: Detector, nets: FaceNets) -> list[Face]:
    """Faces in a square of the photo."""
    points, scores = candidates(pixels, square, detector, nets)
    if square.angle:
        # the boxes are squares turned with it: here squares of the same size along the photo
        low, high = points[:, 0].copy(), points[:, 1].copy()
        half = np.linalg.norm(high - low, axis=1, keepdims=True) / math.sqrt(8.0)
        points[:, 0], points[:, 1] = (low + high) / 2 - half, (low + high) / 2 + half
    return [Face(points[:2].ravel(), points[2:], score) for points, score in merge_overlapping(points, scores)]


def _confirmed(pixels: np.ndarray, searches: Iterable[list[Face]], known: list[Face], nets: FaceNets) -> list[Face]:
    """Known faces and new ones, in which the landmark net sees a face too; those it doubts only if it is sure of none.

    Args:
        searches: candidates of each; the later ones are left out once there is a sure face.
    """
    new: list[Face] = []
    for i, candidates_found in enumerate(searches):
        looked_at = [_settled(pixels, face, square_of_box(face.box, face.keypoints), nets) for face in candidates_found]
        # beside a sure face, what the landmark net doubts is not worth more looks
        least = SURE_SCORE if any(face.is_sure for face in [*known, *new, *looked_at]) else 0.0
        looked_at = [_upright(pixels, face, nets) if face.seen >= least else face for face in looked_at]
        new = _add_new(new, [face for face in looked_at if i == 0 or face.upright >= NO_FACE_SCORE])
        if any(face.is_sure for face in [*known, *new]):
            break
    least = SURE_SCORE if max((face.seen for face in new), default=0.0) >= SURE_SCORE else POSSIBLE_SCORE
    least_upright = NO_FACE_SCORE if any(face.is_sure for face in [*known, *new]) else 0.0
    new = [face for face in new if face.seen >= SURE_SCORE or face.upright >= PATTERN_SCORE]
    return _add_new(known, [face for face in new if face.seen >= least and face.upright >= least_upright])


def _upright(pixels: np.ndarray, found: Face, nets: FaceNets) -> Face:
    """A candidate with its crop, in the crop in which it is the right way up."""
    if found.is_sure:
        return found
    square = square_of_box(found.box, found.keypoints)
    turned = [_settled(pixels, found, square.jittered(0.0, 0.0, 1.0, turn), nets) for turn in TURNS[1:]]
    best = max(turned, key=lambda other: other.seen * other.upright)
    much_clearer = best.seen * best.upright >= found.seen * found.upright + CLEARER
    if best.square is None or best.upright < NO_FACE_SCORE or not much_clearer:
        return found
    there = max(_detect(pixels, best.square, _SHORT, nets), key=lambda other: other.score, default=best)
    return replace(best, box=there.box, keypoints=there.keypoints)


def _settled(pixels: np.ndarray, face: Face, square: Square, nets: FaceNets) -> Face:
    """The face with the crop around what the landmark net finds in a square, cut anew until it stands still."""
    points, _ = mesh_in(pixels, [square], nets)
    after = square_of_points(points[0])
    for _ in range(MOST_LOOKS):
        square = after
        points, scores = mesh_in(pixels, [square], nets)
        after = square_of_points(points[0])
        if _stands_still(square, after):
            break
    _, likely = candidates(pixels, square, replace(_SHORT, threshold=0.0), nets)
    return replace(face, square=square, seen=float(scores[0]), upright=float(likely.max()))


def merge_overlapping(points: np.ndarray, scores: np.ndarray) -> list[tuple[np.ndarray, float]]:
    """Weighted non-maximum suppression: means (k, 2) of candidates (n, k, 2), box corners first, and their scores."""
    merged = []
    rest = np.argsort(-scores, kind="stable")
    boxes = points[:, :2].reshape(-1, 4)
    while len(rest):
        together = overlap(boxes[rest], boxes[rest[0]]) > MERGE_OVERLAP
        together[0] = True
        group = rest[together]
        merged.append((np.average(points[group], axis=0, weights=scores[group]), float(scores[group[0]])))
        rest = rest[~together]
    return merged


def overlap(boxes: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(n,) intersection over union of boxes (n, 4) with one box (4,), corners x0, y0, x1, y1."""
    size = np.minimum(boxes[:, 2:], box[2:]) - np.maximum(boxes[:, :2], box[:2])
    shared = np.prod(np.clip(size, 0, None), axis=1)
    area = np.prod(np.clip(boxes[:, 2:] - boxes[:, :2], 0, None), axis=1)
    total = area + max(np.prod(np.clip(box[2:] - box[:2], 0, None)), 1e-9) - shared
    return shared / total


def _add_new(faces: list[Face], more: list[Face]) -> list[Face]:
    """The faces, and those of a later pass that are not among them yet."""
    faces = list(faces)
    for face in sorted(more, key=lambda face: -face.score):
        known = np.array([other.box for other in faces]).reshape(-1, 4)
        middle = face.keypoints[:2].mean(axis=0)
        inside = np.all((known[:, :2] < middle) & (middle < known[:, 2:]), axis=1)
        if not np.any(inside | (overlap(known, face.box) > SAME_FACE_OVERLAP)):
            faces.append(face)
    return faces


def _stands_still(before: Square, after: Square) -> bool:
    moved = math.hypot(after.x - before.x, after.y - before.y) / before.size
    rolled = abs(math.remainder(after.angle - before.angle, math.tau))
    return rolled < STILL_ROLL and moved < STILL_PLACE and abs(after.size / before.size - 1.0) < STILL_SIZE


def _detect_in_whole(pixels: np.ndarray, turn: float, nets: FaceNets) -> list[Face]:
    """Faces in the whole photo, looked at with a turn."""
    height, width = pixels.shape[:2]
    whole = Square(width / 2, height / 2, max(width, height), turn)
    return _add_new(_detect(pixels, whole, _SHORT, nets), _detect(pixels, whole, _FULL, nets))


def _detect_in_tiles(pixels: np.ndarray, turn: float, nets: FaceNets) -> list[Face]:
    """Faces in half-overlapping tiles; those cut by a tile's edge are left to the tile that has them whole."""
    height, width = pixels.shape[:2]
    faces = []
    for x, y in [(x, y) for y in _tile_centres(height) for x in _tile_centres(width)]:
        edges = np.array([x, y, x, y]) + TILE / 2 * np.array([-1, -1, 1, 1])
        found = _detect(pixels, Square(x, y, TILE, turn), _FULL, nets)
        faces += [face for face in found if _is_whole(face, edges, width, height)]
    return _add_new([], faces)


def _tile_centres(length: int) -> np.ndarray:
    """Centres of tiles along one side, half a tile or less apart."""
    if length <= TILE:
        return np.array([length / 2])
    count = int(np.ceil((length - TILE) / (TILE / 2))) + 1
    return np.linspace(TILE / 2, length - TILE / 2, count)


def _is_whole(face: Face, edges: np.ndarray, width: int, height: int) -> bool:
    """Whether a face keeps away from the tile edges that are not the photo's."""
    margin = 2.0
    low_cut = (face.box[:2] < edges[:2] + margin) & (edges[:2] > 0)
    high_cut = (face.box[2:] > edges[2:] - margin) & (edges[2:] < (width, height))
    return not (low_cut.any() or high_cut.any())
