"""From a photo, a video or an image sequence to a performance of an existing character.

    track the face (``performance.track``) -> focal length, once for the clip -> baseline: what the landmarks show at
    rest -> pose and expression of every frame (``performance.solve``) -> gaps filled, smoothed (``performance.smooth``)

The character stays as it is: its neutral head, its shape keys and its joints are held, only motion is solved for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ..character.character import Character
from ..errors import CharacterFileError, NoFaceError, PerformanceError
from ..fit.covered import check_cut
from ..fit.problem import Observation
from ..head.fitted import Landmarks, View
from ..head.model import HeadModel
from ..io.photo import load_photo
from ..nets.detection import choose_face, find_faces
from ..nets.landmarks import detect_landmarks
from ..nets.sessions import FaceNets
from ..nets.upright import stand_upright, turned_back
from .baseline import Neutral, other_person, own_photo, rest_face
from .clip import MAX_FRAMES, Clip, open_clip
from .gaze import gaze_angles
from .guess import guesses
from .performance import FACING_CAMERA, Performance, frame_ranges, resampled
from .smooth import (
    POSITION_BETA,
    ROTATION_BETA,
    WEIGHT_BETA,
    fill_gaps,
    one_euro,
    rotation_vectors,
    rotations_of,
    smooth_clip,
    weight_strengths,
)
from .solve import FaceMotion, FrameFit, clip_focal, face_motion, solve_frame
from .track import FaceTracker
from .who import stranger_note

LONGEST_GAP = 0.5  # seconds that are interpolated
SAMPLES = 24  # frames that tell the face at rest
FOCAL_SAMPLES = 8
SHAPE_SAMPLES = 6  # frames that tell the shape of another person
POOR_FIT = 0.035  # mean landmark error, in eye distances, from which the person is probably another
Report = Callable[[str, float, str], None]


@dataclass(frozen=True)
class CaptureSettings:
    """What the artist chooses.

    Attributes:
        same_person: whether the clip shows the character's own person; else that person's shape is fitted first.
        smooth: 0 (none) to 1.
        streaming: filter in the order of the frames (one-euro) instead of over the whole clip.
        neutral: "auto" takes the expression at rest from the clip, "none" takes the character's, a number is a frame
            in which the face is neutral and looks straight ahead; the head's pose counts from there.
        face: index of the face to follow where the first frame shows several, 0 is the largest.
        fps: frames a second of the result, and of an image sequence; None keeps the clip's.
    """

    same_person: bool = True
    smooth: float = 0.3
    streaming: bool = False
    neutral: str | int = "auto"
    face: int | None = None
    fps: float | None = None


def capture_performance(
    character: Character,
    path: Path,
    head: HeadModel,
    nets: FaceNets,
    settings: CaptureSettings | None = None,
    report: Report = lambda stage, fraction, message: None,
) -> Performance:
    """Weights, head pose and gaze in every frame of a video or of a folder of images.

    Args:
        report: called with (stage, fraction of the whole in [0, 1], message).

    Raises:
        PerformanceError: the clip or a setting cannot be used.
        NoFaceError: no frame shows a face.
        CharacterFileError: the character was made with another head model.
    """
    settings = settings or CaptureSettings()
    check_settings(settings)
    check_character(character, head)
    clip = open_clip(Path(path), settings.fps)
    marks = _track(clip, nets, settings.face, report)
    seen = np.array([mark is not None for mark in marks])
    if not seen.any():
        raise NoFaceError(f"No face was found in {clip.path.name}: use a clip in which the face is sharp and lit.")
    if isinstance(settings.neutral, int) and not (settings.neutral < len(marks) and seen[settings.neutral]):
        raise PerformanceError(
            f"Frame {settings.neutral} shows no face to take as neutral: choose another of 0 to {len(marks) - 1}."
        )
    report("fit", 0.7, "finding the face at rest")
    found = [mark for mark in marks if mark is not None]
    samples = [found[i] for i in np.unique(np.linspace(0, len(found) - 1, SAMPLES).astype(int))]
    face, focal = _face(character, head, clip, samples, settings.same_person)
    chosen = marks[settings.neutral] if isinstance(settings.neutral, int) else None
    rest = rest_face(face, samples, clip.width, clip.height, focal, settings.neutral, chosen)
    fits = _solve(rest, clip, marks, focal, report)
    notes = [*clip.notes, *_notes(clip, seen, fits, settings)]
    stranger = stranger_note(character, samples, clip.name) if settings.same_person else None
    notes += [stranger] if stranger else []
    return _finished(character, clip, rest, fits, seen, settings, tuple(notes))


def capture_photo(
    character: Character,
    path: Path,
    head: HeadModel,
    nets: FaceNets,
    same_person: bool = True,
    face: int | None = None,
) -> tuple[Performance, View]:
    """Expression, head pose and gaze in one photo: a performance of one frame, and the photo as a view.

    The pose is that of the photo turned upright.

    Raises:
        PhotoError, NoFaceError: the photo cannot be read or shows no face.
        CharacterFileError: the character was made with another head model.
    """
    check_character(character, head)
    photo = load_photo(Path(path))
    chosen, notes = choose_face(find_faces(photo.pixels, nets), face)
    photo, chosen, turn = stand_upright(photo, chosen, nets)
    height, width = photo.pixels.shape[:2]
    marks = detect_landmarks(photo.pixels, chosen, nets)
    clip = Clip(Path(path), (Path(path),), 24.0, 1, width, height)
    moving, focal = _face(character, head, clip, [marks], same_person, photo.focal_px)
    fit = solve_frame(moving, marks, width, height, focal, guess=guesses([marks], moving.names)[0])
    settings = CaptureSettings(same_person=same_person, smooth=0.0, neutral="none")
    seen = np.ones(1, bool)
    notes = (*(f"{photo.name}: {note}" for note in (*photo.notes, *notes)), *_notes(clip, seen, [fit], settings))
    observed = Observation(marks, width, height, photo.focal_px, photo.name)
    said = (check_cut(observed), stranger_note(character, [marks], photo.name) if same_person else None)
    notes = (*notes, *filter(None, said))
    rest = Neutral(moving, np.eye(3), np.zeros(len(moving.names)))
    performance = replace(_finished(character, clip, rest, [fit], seen, settings, notes), name=Path(photo.name).stem)
    state = fit.state
    view = View(photo.name, state.camera(width, height), state.pose(), state.expression, marks, fit.error)
    return performance, turned_back(view, turn)


def check_character(character: Character, head: HeadModel) -> None:
    """Refuse a character whose vertices are not this head model's.

    Raises:
        CharacterFileError: its landmarks would be looked for in the wrong places.
    """
    same = (
        character.neutral.shape == head.mean.shape
        and character.expression_names == head.expression_names
        and np.array_equal(character.topology.faces, head.topology.faces)
    )
    if not same:
        raise CharacterFileError(f"{character.name} was made with another head model: reconstruct it again.")


def check_settings(settings: CaptureSettings) -> None:
    """Refuse settings out of range.

    Raises:
        PerformanceError: says which.
    """
    if not 0.0 <= settings.smooth <= 1.0:
        raise PerformanceError(f"The smoothing strength {settings.smooth:g} is not between 0 and 1.")
    if isinstance(settings.neutral, str) and settings.neutral not in ("auto", "none"):
        raise PerformanceError(f"The neutral frame {settings.neutral!r} is neither a number nor 'auto' or 'none'.")
    if isinstance(settings.neutral, int) and settings.neutral < 0:
        raise PerformanceError("The neutral frame must be 0 (the first) or more.")


def _track(clip: Clip, nets: FaceNets, face: int | None, report: Report) -> list[Landmarks | None]:
    """Landmarks of every frame, in single precision: a long clip has many."""
    tracker, marks = FaceTracker(nets, face), []
    for i, pixels in enumerate(clip.frames()):
        if i % 5 == 0:
            total = f" of {clip.count}" if clip.count else ""
            report("track", 0.7 * min(i / (clip.count or MAX_FRAMES), 1.0), f"following the face, frame {i}{total}")
        mark = tracker.track(pixels)
        marks.append(
            mark
            and replace(
                mark, **{name: getattr(mark, name).astype(np.float32) for name in ("points", "depth", "spread", "box")}
            )
        )
    return marks


def _face(
    character: Character,
    head: HeadModel,
    clip: Clip,
    samples: list[Landmarks],
    same_person: bool,
    focal: float | None = None,
) -> tuple[FaceMotion, float]:
    """The moving face of the person in the clip, and the focal length in pixels."""
    if not same_person:
        return other_person(head, clip, samples[:: max(1, len(samples) // SHAPE_SAMPLES)], focal)
    face = face_motion(head, character.neutral, character.expression_deltas)
    if character.views:
        face = own_photo(face, character.views[0])
    if focal is None:
        focal = clip_focal(face, samples[:: max(1, len(samples) // FOCAL_SAMPLES)], clip.width, clip.height)
    return face, focal


def _solve(
    rest: Neutral, clip: Clip, marks: list[Landmarks | None], focal: float, report: Report
) -> list[FrameFit | None]:
    """Every frame, starting from the one before."""
    fits, state = [], None
    read = iter(guesses([mark for mark in marks if mark is not None], rest.face.names, rest.reading))
    for i, mark in enumerate(marks):
        if i % 10 == 0:
            report("solve", 0.75 + 0.25 * i / len(marks), f"reading the expression, frame {i} of {len(marks)}")
        fit = None if mark is None else solve_frame(rest.face, mark, clip.width, clip.height, focal, state, next(read))
        state = None if fit is None else fit.state
        fits.append(fit)
    return fits


def _notes(clip: Clip, seen: np.ndarray, fits: list[FrameFit | None], settings: CaptureSettings) -> list[str]:
    """Lines about frames without a face, and about a face that does not fit."""
    notes = []
    if not seen.all():
        notes.append(
            f"{clip.name}: no face in {(~seen).sum()} of {len(seen)} frames, filled in: {frame_ranges(~seen)}."
        )
    error = float(np.median([fit.error for fit in fits if fit is not None]))
    if error > POOR_FIT:
        hint = "say that it shows another person" if settings.same_person else "use one that is sharper or more frontal"
        notes.append(f"{clip.name}: the face fits roughly (off by {100 * error:.1f} % of the eye distance); {hint}.")
    return notes


def _finished(
    character: Character,
    clip: Clip,
    rest: Neutral,
    fits: list[FrameFit | None],
    seen: np.ndarray,
    settings: CaptureSettings,
    notes: tuple[str, ...],
) -> Performance:
    """Gaps filled, smoothed, gaze read off the eyes, at the frame rate that was asked for."""
    states = [fit.state for fit in fits if fit is not None]
    names = rest.face.names
    turns, mean = rotation_vectors(np.stack([rest.rotation.T @ FACING_CAMERA @ s.rotation for s in states]))
    columns = np.zeros((len(seen), len(names) + 6))
    columns[seen] = np.column_stack(
        [np.stack([s.expression for s in states]), turns, np.stack([s.translation for s in states])]
    )
    columns = fill_gaps(columns, seen, round(LONGEST_GAP * clip.fps))
    strengths = np.concatenate([weight_strengths(names, settings.smooth), np.full(6, settings.smooth)])
    if settings.streaming:
        beta = np.concatenate([np.full(len(names), WEIGHT_BETA), [ROTATION_BETA] * 3, [POSITION_BETA] * 3])
        columns = one_euro(columns, clip.fps, strengths, beta)
    else:
        columns = smooth_clip(columns, clip.fps, strengths)
    weights = np.clip(columns[:, : len(names)], 0.0, 1.0)
    performance = Performance(
        name=clip.name,
        fps=clip.fps,
        names=names,
        weights=weights,
        rotation=rotations_of(columns[:, -6:-3], mean),
        position=columns[:, -3:],
        gaze=gaze_angles(character, weights),
        seen=seen,
        notes=notes,
    )
    return performance if settings.fps is None else resampled(performance, settings.fps)
