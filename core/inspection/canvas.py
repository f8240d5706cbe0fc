"""Pictures for the page: cuts around a face, marks on them, colours for numbers, rows of tiles with captions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..head.fitted import View

BACKGROUND, TEXT, FAINT = (28, 28, 30), (225, 225, 225), (110, 110, 114)
GOOD, WARN, BAD = (90, 210, 120), (245, 200, 70), (245, 80, 70)
BELOW, ABOVE, NOTHING = (70, 140, 255), (255, 150, 50), (44, 44, 46)
SCALE = ((20, 20, 60), (40, 110, 170), (90, 190, 130), (250, 220, 90), (255, 255, 235))  # of numbers from 0 on
TILE = 460  # pixels, height of a tile
GAP, LABEL, LEGEND = 8, 26, 22
HEADROOM = 0.62  # of the landmarks' extent, around them: hair and neck belong to a fit
CHART_MARGIN = 0.05  # of the chart, around what is shown
FINE = 16  # parts of a pixel that cv2 draws with


@dataclass(frozen=True)
class Crop:
    """A part of a photo, enlarged or reduced.

    Attributes:
        matrix: (2, 3) from the photo's pixels to those of the cut.
        size: width and height, pixels.
    """

    matrix: np.ndarray
    size: tuple[int, int]

    @property
    def zoom(self) -> float:
        """Pixels of the cut per pixel of the photo."""
        return float(self.matrix[0, 0])

    def points(self, points: np.ndarray) -> np.ndarray:
        """(..., 2) pixels of the cut."""
        return points @ self.matrix[:, :2].T + self.matrix[:, 2]

    def image(self, image: np.ndarray, outside: tuple[int, ...] = BACKGROUND) -> np.ndarray:
        """The cut of an image (H, W[, 3])."""
        matrix, reduced = self.matrix.copy(), image
        # halves keep the reduction free of aliasing
        while matrix[0, 0] < 0.5 and min(reduced.shape[:2]) > 2:
            reduced = cv2.pyrDown(reduced)
            matrix[:, :2] *= 2
        # pixel centres lie at halves in a photo, at whole numbers in cv2
        matrix[:, 2] += 0.5 * matrix[0, 0] - 0.5
        border = outside if image.ndim == 3 else 0
        return cv2.warpAffine(reduced, matrix, self.size, flags=cv2.INTER_LINEAR, borderValue=border)


def face_crop(view: View, height: int = TILE) -> Crop:
    """A square around the head of a view."""
    points = view.landmarks.points
    low, high = points.min(0), points.max(0)
    extent = float((high - low).max())
    side = extent * (1 + 2 * HEADROOM)
    zoom = height / max(side, 1.0)
    centre = (low + high) / 2 - (0, 0.1 * extent)
    return Crop(np.array([[zoom, 0, height / 2 - zoom * centre[0]], [0, zoom, height / 2 - zoom * centre[1]]]),
                (height, height))


@dataclass(frozen=True)
class ChartPart:
    """A square of the chart, enlarged.

    Attributes:
        low, high: of it in UV, from the upper left corner on (v counted down), 0 to 1.
        size: pixels of the picture.
    """

    low: np.ndarray
    high: np.ndarray
    size: int

    def points(self, uv: np.ndarray) -> np.ndarray:
        """(n, 2) pixels of the picture of places (n, 2) in UV, origin at the lower left."""
        down = np.stack([uv[:, 0], 1 - uv[:, 1]], -1)
        return (down - self.low) / (self.high - self.low) * self.size

    def image(self, chart: np.ndarray) -> np.ndarray:
        """(size, size[, c]) of a chart (S, S[, c])."""
        first, last = (np.round(len(chart) * edge).astype(int) for edge in (self.low, self.high))
        part = chart[first[1] : max(last[1], first[1] + 1), first[0] : max(last[0], first[0] + 1)]
        smaller = self.size < len(part)
        kind = cv2.INTER_AREA if smaller else cv2.INTER_LINEAR
        return cv2.resize(part, (self.size, self.size), interpolation=kind)


def chart_part(shown: np.ndarray, size: int) -> ChartPart:
    """The square of the chart around what a mask (S, S) bool shows; all of it where that is nothing."""
    rows, columns = np.flatnonzero(shown.any(1)), np.flatnonzero(shown.any(0))
    if not len(rows):
        return ChartPart(np.zeros(2), np.ones(2), size)
    low, high = np.array([columns[0], rows[0]]), np.array([columns[-1] + 1, rows[-1] + 1])
    side = min(1.0, (high - low).max() / len(shown) + 2 * CHART_MARGIN)
    corner = np.clip((low + high) / (2 * len(shown)) - side / 2, 0, 1 - side)
    return ChartPart(corner, corner + side, size)


def dimmed(image: np.ndarray, share: float = 0.55) -> np.ndarray:
    """The image darker, so that marks on it show."""
    return np.round(image * share).astype(np.uint8)


def blank(size: tuple[int, int]) -> np.ndarray:
    """An empty picture of (width, height) pixels."""
    return np.full((size[1], size[0], 3), BACKGROUND, np.uint8)


def draw_lines(
    image: np.ndarray, lines: Sequence[np.ndarray], colours: Sequence[tuple[int, int, int]], width: int = 1,
    closed: bool = False,
) -> None:
    """Draw polylines (n, 2), pixels, into an image."""
    for line, colour in zip(lines, colours):
        at = np.round((np.asarray(line) - 0.5) * FINE).astype(np.int32)
        cv2.polylines(image, [at], closed, colour, width, cv2.LINE_AA, 4)


def draw_rings(
    image: np.ndarray, points: np.ndarray, radii: np.ndarray, colours: Sequence[tuple[int, int, int]], width: int = 1
) -> None:
    """Draw circles into an image; width -1 fills them."""
    for point, radius, colour in zip(points, radii, colours):
        at = np.round((point - 0.5) * FINE).astype(int)
        cv2.circle(image, tuple(int(v) for v in at), int(round(radius * FINE)), colour, width, cv2.LINE_AA, 4)


def graded(values: np.ndarray, warn: float, bad: float) -> list[tuple[int, int, int]]:
    """A colour for each value (n,): good below ``warn``, bad from ``bad`` on."""
    return [GOOD if v < warn else WARN if v < bad else BAD for v in values]


def signed(values: np.ndarray, limit: float) -> np.ndarray:
    """(H, W, 3) colours of numbers: blue below zero, orange above, in full at the limit."""
    share = np.clip(values / max(limit, 1e-12), -1, 1)[..., None]
    end = np.where(share < 0, np.array(BELOW), np.array(ABOVE))
    return np.round(NOTHING + np.abs(share) * (end - np.array(NOTHING))).astype(np.uint8)


def scaled(values: np.ndarray, limit: float) -> np.ndarray:
    """(H, W, 3) colours of numbers from 0, dark, to the limit, bright."""
    share = np.clip(values / max(limit, 1e-12), 0, 1)
    stops = np.linspace(0, 1, len(SCALE))
    return np.stack([np.interp(share, stops, c) for c in np.array(SCALE, float).T], -1).round().astype(np.uint8)


def grey(mask: np.ndarray) -> np.ndarray:
    """(H, W, 3) of a mask (H, W) in [0, 1]."""
    return np.repeat(np.round(255 * np.clip(mask, 0, 1)).astype(np.uint8)[..., None], 3, -1)


def tinted(image: np.ndarray, mask: np.ndarray, colour: tuple[int, int, int], strength: float = 0.55) -> np.ndarray:
    """An image with a colour laid over where a mask (H, W) in [0, 1] says so."""
    share = strength * np.clip(mask, 0, 1)[..., None]
    return np.round(image * (1 - share) + np.array(colour) * share).astype(np.uint8)


def with_legend(image: np.ndarray, low: str, high: str, both: bool) -> np.ndarray:
    """The image with a bar of its colours below: of :func:`signed` if ``both``, else of :func:`scaled`."""
    width = image.shape[1]
    ramp = np.linspace(-1 if both else 0, 1, max(width // 2, 2))[None].repeat(10, 0)
    bar = Image.new("RGB", (width, LEGEND), BACKGROUND)
    bar.paste(Image.fromarray(signed(ramp, 1) if both else scaled(ramp, 1)), (width // 4, 6))
    draw, font = ImageDraw.Draw(bar), ImageFont.load_default(13)
    draw.text((width // 4 - 6, 3), low, TEXT, font, anchor="ra")
    draw.text((width - width // 4 + 6, 3), high, TEXT, font)
    return np.concatenate([image, np.asarray(bar)])


def row(tiles: Sequence[tuple[str, np.ndarray]], height: int = TILE) -> np.ndarray:
    """Pictures side by side, each with its caption above."""
    shown = [(caption, _of_height(image, height)) for caption, image in tiles]
    tall = max(image.shape[0] for _, image in shown)
    sheet = Image.new("RGB", (sum(i.shape[1] + GAP for _, i in shown) + GAP, tall + LABEL + GAP), BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(16)
    x = GAP
    for caption, image in shown:
        draw.text((x + 2, 3), _fitting(caption, font, image.shape[1]), TEXT, font)
        sheet.paste(Image.fromarray(image), (x, LABEL))
        x += image.shape[1] + GAP
    return np.asarray(sheet)


def write_labels(image: np.ndarray, places: np.ndarray, labels: Sequence[str]) -> np.ndarray:
    """The image with small texts beside places (n, 2), pixels."""
    sheet = Image.fromarray(image)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(12)
    for (x, y), label in zip(places, labels):
        draw.text((x + 6, y - 6), label, TEXT, font, stroke_width=2, stroke_fill=BACKGROUND)
    return np.asarray(sheet)


def bars(
    names: Sequence[str], values: Sequence[float] | np.ndarray, most: float, usual: Sequence[float] = ()
) -> np.ndarray:
    """Horizontal bars with names and numbers; ``usual`` marks what would be expected."""
    line, left, width = 24, 190, 560
    sheet = Image.new("RGB", (width, max(1, len(names)) * line + 8), BACKGROUND)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(14)
    full = width - left - 70
    for k, (name, value) in enumerate(zip(names, values)):
        y = 4 + k * line
        draw.text((left - 8, y + 2), name, TEXT, font, anchor="ra")
        draw.rectangle((left, y + 3, left + full * min(max(value / most, 0), 1), y + line - 5), (90, 150, 220))
        draw.text((left + full + 8, y + 2), f"{value:.2f}", TEXT, font)
        if len(usual):
            x = left + full * min(usual[k] / most, 1)
            draw.line((x, y, x, y + line - 2), WARN, 2)
    return np.asarray(sheet)


def _fitting(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    """A caption that stays above its picture."""
    if font.getlength(caption) <= width:
        return caption
    while caption and font.getlength(caption + "...") > width:
        caption = caption[:-1]
    return caption + "..."


def _of_height(image: np.ndarray, height: int) -> np.ndarray:
    """An image no taller than some pixels and its legend."""
    if image.shape[0] <= height + LEGEND:
        return image
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
