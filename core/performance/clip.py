"""Clips: the frames of a video file, or of a folder of numbered images, one at a time.

Only local files are opened, only by FFmpeg's file protocol, and never more than one frame is held.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ..errors import PerformanceError, PhotoError
from ..io.file_kinds import IMAGE_SUFFIXES, VIDEO_SUFFIXES
from ..io.photo import load_photo

MAX_FRAMES = 36_000
MAX_PIXELS = 40_000_000
MIN_SIDE = 64
RATES = (1.0, 480.0)  # frames a second that are believed
DEFAULT_RATE = 25.0  # of a video that does not tell its rate
SEQUENCE_RATE = 24.0  # of a folder of images
_PROTOCOLS = "protocol_whitelist;file"


@dataclass(frozen=True)
class Clip:
    """Where the frames are.

    Attributes:
        path: video file, or folder of images.
        images: files in order; empty for a video.
        fps: frames a second.
        count: frames; for a video what its header says, 0 if it does not.
        width, height: pixels, upright.
        notes: lines for the artist.
    """

    path: Path
    images: tuple[Path, ...]
    fps: float
    count: int
    width: int
    height: int
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """File or folder name, without suffix."""
        return self.path.name if self.images else self.path.stem

    def frames(self) -> Iterator[np.ndarray]:
        """Frames (H, W, 3) uint8 sRGB, upright.

        Raises:
            PerformanceError: a frame has another size than the first, or the clip is too long.
        """
        for i, pixels in enumerate(self._images() if self.images else self._video()):
            if i >= MAX_FRAMES:
                raise PerformanceError(
                    f"{self.path.name} has more than {MAX_FRAMES} frames: cut it into shorter clips."
                )
            if pixels.shape[:2] != (self.height, self.width):
                shown = self.images[i].name if self.images else f"frame {i} of {self.path.name}"
                raise PerformanceError(
                    f"{shown} has {pixels.shape[1]} x {pixels.shape[0]} pixels, the first frame {self.width} x "
                    f"{self.height}: all frames must have one size."
                )
            yield pixels

    def _images(self) -> Iterator[np.ndarray]:
        for path in self.images:
            yield _read_image(path)

    def _video(self) -> Iterator[np.ndarray]:
        capture = _capture(self.path)
        try:
            while True:
                found, frame = capture.read()
                if not found:
                    return
                yield _rgb(frame)
        finally:
            capture.release()


def open_clip(path: Path, fps: float | None = None) -> Clip:
    """Open a video file or a folder of images, sorted by the numbers in their names.

    Args:
        fps: frames a second of a folder of images; a video knows its own.

    Raises:
        PerformanceError: nothing there, no frames in it, or a format that cannot be read.
    """
    path = Path(path)
    if fps is not None and not RATES[0] <= fps <= RATES[1]:
        raise PerformanceError(f"{fps:g} frames a second cannot be: give {RATES[0]:g} to {RATES[1]:g}.")
    if path.is_dir():
        return _open_folder(path, fps or SEQUENCE_RATE)
    if not path.is_file():
        raise PerformanceError(f"There is no file {path}.")
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        raise PerformanceError(
            f"{path.name} is no video Furrow knows: use MP4, MOV, AVI, MKV or WebM, or a folder of images."
        )
    return _open_video(path)


def natural_order(name: str) -> list:
    """Sort key by which frame2 comes before frame10."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)", name.lower()) if part]


def _open_folder(path: Path, fps: float) -> Clip:
    try:
        found = [p for p in path.iterdir() if p.suffix.lower() in IMAGE_SUFFIXES and not p.name.startswith(".")]
    except OSError as error:
        raise PerformanceError(f"The folder {path} cannot be read ({error.strerror}).") from None
    if not found:
        raise PerformanceError(f"The folder {path.name} holds no images: use JPEG, PNG, WebP or TIFF files.")
    if len(found) > MAX_FRAMES:
        raise PerformanceError(f"The folder {path.name} holds more than {MAX_FRAMES} images: use fewer.")
    images = tuple(sorted(found, key=lambda p: natural_order(p.name)))
    height, width = _read_image(images[0]).shape[:2]
    return Clip(path, images, fps, len(images), width, height)


def _read_image(path: Path) -> np.ndarray:
    try:
        return load_photo(path).pixels
    except PhotoError as error:
        raise PerformanceError(str(error)) from None


def _open_video(path: Path) -> Clip:
    capture = _capture(path)
    try:
        width, height = (int(capture.get(p)) for p in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        if width * height > MAX_PIXELS:
            raise PerformanceError(
                f"{path.name} has {width} x {height} pixels: reduce it to {MAX_PIXELS // 10**6} megapixels or fewer."
            )
        found, frame = capture.read()
        if not found:
            raise PerformanceError(f"{path.name} has no frame that can be read: convert it to MP4 (H.264).")
        height, width = frame.shape[:2]  # upright; the header's may lie on its side
        if min(width, height) < MIN_SIDE:
            raise PerformanceError(f"{path.name} has only {width} x {height} pixels: use a larger video.")
        rate, count = capture.get(cv2.CAP_PROP_FPS), capture.get(cv2.CAP_PROP_FRAME_COUNT)
    finally:
        capture.release()
    notes: tuple[str, ...] = ()
    if not (np.isfinite(rate) and RATES[0] <= rate <= RATES[1]):
        notes = (f"{path.name} does not tell its frame rate: {DEFAULT_RATE:g} frames a second are assumed.",)
        rate = DEFAULT_RATE
    count = int(count) if np.isfinite(count) and 0 < count <= 10 * MAX_FRAMES else 0
    if count > MAX_FRAMES:
        raise PerformanceError(f"{path.name} has more than {MAX_FRAMES} frames: cut it into shorter clips.")
    return Clip(path, (), float(rate), count, width, height, notes)


def _capture(path: Path) -> cv2.VideoCapture:
    """FFmpeg on one local file: whatever the file refers to, nothing is fetched."""
    before = os.environ.get("OPENCV_FFMPEG_CAPTURE_OPTIONS")
    os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = _PROTOCOLS
    try:
        capture = cv2.VideoCapture(str(path.resolve()), cv2.CAP_FFMPEG)
    finally:
        if before is None:
            del os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"]
        else:
            os.environ["OPENCV_FFMPEG_CAPTURE_OPTIONS"] = before
    if not capture.isOpened():
        capture.release()
        raise PerformanceError(f"{path.name} is not a video that can be read: convert it to MP4 (H.264).")
    capture.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return capture


def _rgb(frame: np.ndarray) -> np.ndarray:
    if frame.ndim == 2:
        return cv2.cvtColor(frame, cv2.COLOR_GRAY2RGB)
    return np.ascontiguousarray(frame[:, :, 2::-1])
