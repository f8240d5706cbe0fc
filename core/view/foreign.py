"""What lies over the skin of a face in one photo: a mask, opaque glasses, a scarf, a microphone.

The landmark net draws a face even where it cannot see one. Here the fitted head says which skin each pixel ought to
show, and the face's own skin, in its own light, what that would look like. Places that do not, are wide enough, begin
at a sharp edge and reach skin where no hair grows are something else. Soft changes are light or make-up; a beard's
region alone says nothing, nor does what is dark on the forehead: that is hair.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.fitted import CoarseFit, View
from ..head.landmark_sets import EYES, eye_distance, fill_contours
from ..head.model import HeadModel, region_sum
from ..head.raster import Raster, rasterize_view
from ..image.colour import srgb_to_linear
from ..image.filters import disc
from ..mesh.operators import vertex_normals
from .lighting import estimate_light
from .skin_mask import is_grey, log_chroma, log_luminance
from .unwrap import posed_vertices

# skin by which the face's tone is told, each a vote: of what lies over some of them the others are free
VOTES = (
    ("forehead", "glabella"), ("nose",), ("cheek",), ("under_eye",), ("chin",), ("upper_lip", "perioral"), ("jaw",),
)  # fmt: skip
SKIN = ("forehead", "glabella", "nose", "cheek", "under_eye", "nasolabial", "upper_lip", "perioral", "mouth_corner",
        "chin", "jaw", "upper_lid", "lower_lid", "lips", "lower_lip", "crows_feet", "nostril", "brow")  # fmt: skip
HAIRLESS = ("nose", "under_eye", "cheek", "glabella")  # where neither beard nor fringe grows
EYE_SKIN = ("upper_lid", "lower_lid", "under_eye")


@dataclass(frozen=True)
class ForeignSettings:
    """What is no skin; chosen on real portraits as they are and with masks, glasses, scarves and microphones laid over.

    Attributes:
        eye_distance: pixels between the outer eye corners of the image that is looked at, at most.
        usual: log(R/G), log(B/G) of usual skin, and usual_spread, how far a face's may be, with its light.
        agree: log units within which two places vote for one tone.
        floor: log chroma, smallest spread of skin.
        chroma: spreads from which a colour is not that of this skin.
        greyer: log(R/G) under the skin's from which the half of it is enough: cloth, not skin in another light.
        trusted: log luminance over the skin's under which a colour must be the farther off the darker it is.
        dark: log luminance under the skin's from which it is too dark; grey: log(R/G) over the skin's up to which that
            is no shade, which is redder.
        width: mm, narrower things are no cover.
        edge: mm on either side of the border, between which the colour jumps; sharp: share of the whole jump there.
        least: mm^2 of cover, and least_hairless: of it where no hair grows.
        lips: share of the lips that is hidden together, or does not count.
        weak: times that of it, where its colour is off by less than ``chroma``.
        facing: cosine of skin to the view from which it is asked.
        grown: mm that are left out around it.
        eye_white: log luminance over the skin's of the brightest tenth of an eye that is seen, at least.
        violet: log(B/G) of a tone from which the light is too blue for a colour to say what is skin.
        lights: change of log(R/G) with direction from which lights of several colours fall on a face; a dozen portraits
            had up to 0.9, under two stage lights 1.5 or more.
        alike: spreads of the colour of a cover that what is joined to it may be off, and alike_floor, the least such.
        fewest: pixels of a vote.
    """

    eye_distance: float = 120.0
    usual: tuple[float, float] = (0.45, -0.35)
    usual_spread: float = 0.3
    agree: float = 0.25
    floor: float = 0.07
    chroma: float = 7.0
    greyer: float = -0.25
    trusted: float = -1.0
    dark: float = -1.7
    grey: float = 0.1
    width: float = 6.0
    edge: float = 3.0
    sharp: float = 0.55
    least: float = 500.0
    least_hairless: float = 250.0
    lips: float = 0.8
    weak: float = 3.0
    facing: float = 0.45
    grown: float = 3.0
    eye_white: float = -1.5
    violet: float = 0.4
    lights: float = 1.3
    alike: float = 3.0
    alike_floor: float = 0.15
    fewest: int = 60


SETTINGS = ForeignSettings()


@dataclass(frozen=True)
class _Looked:
    """The photo around a face and the head in it.

    Attributes:
        colour: (h, w, 3) linear RGB.
        raster: which part of the head each of its pixels shows.
        normals: (h, w, 3) in the camera's frame.
        marks: (478, 2) landmarks in its pixels.
        corner, scale: of it in the photo: pixels, and pixels of it for one of the photo.
        mm: millimetres of a pixel.
    """

    colour: np.ndarray
    raster: Raster
    normals: np.ndarray
    marks: np.ndarray
    corner: np.ndarray
    scale: float
    mm: float

    @property
    def to_photo(self) -> np.ndarray:
        """(2, 3) from whole-number pixels of this to those of the photo."""
        matrix = np.array([[1 / self.scale, 0, self.corner[0]], [0, 1 / self.scale, self.corner[1]]])
        matrix[:, 2] += 0.5 / self.scale - 0.5
        return matrix


@dataclass(frozen=True)
class LaidOver:
    """What one photo shows beside skin in one light.

    Attributes:
        mask: (H, W) float32 in [0, 1], what lies over the skin of the face; None where nothing does.
        coloured_lights: whether lights of different colours fall on the face, so that its colours say little.
    """

    mask: np.ndarray | None = None
    coloured_lights: bool = False


def laid_over(
    model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray, hands: np.ndarray | None = None
) -> LaidOver:
    """What lies over the skin of a face.

    Args:
        photo: (H, W, 3) uint8 sRGB.
        hands: (H, W) in [0, 1], hands before the face, or None; they are not looked at again.
    """
    seen = _looked_at(model, fit, view, photo)
    if seen is None:
        return LaidOver()
    free = np.ones(seen.colour.shape[:2], bool)
    if hands is not None:
        free = _window(hands, seen) < 0.3
    grey = is_grey(photo)
    found = _foreign(model, seen, free, grey)
    uncovered = free if found is None else free & ~found
    lights = not grey and _colour_range(model, seen, uncovered) > SETTINGS.lights
    if found is None:
        return LaidOver(None, lights)
    grown = cv2.dilate(found.astype(np.float32), disc(SETTINGS.grown / seen.mm))
    grown = cv2.GaussianBlur(grown, (0, 0), 0.5)
    return LaidOver(cv2.warpAffine(grown, seen.to_photo, photo.shape[1::-1], flags=cv2.INTER_LINEAR), lights)


def _colour_range(model: HeadModel, seen: _Looked, free: np.ndarray) -> float:
    """By how much log(R/G) of the skin changes with its direction alone, robustly: what light of two colours does."""
    names = (*HAIRLESS, "forehead", "chin")
    there = seen.raster.covered & free & (seen.raster.sample(region_sum(model.topology, names)) > 0.5)
    if np.count_nonzero(there) < SETTINGS.fewest:
        return 0.0
    values, directions = log_chroma(seen.colour)[there][:, 0].astype(float), seen.normals[there][:, :2]
    basis, weights = np.column_stack([np.ones(len(values)), directions]), np.ones(len(values))
    slopes = np.zeros(3)
    for _ in range(8):
        slopes = np.linalg.lstsq(basis * weights[:, None], values * weights, rcond=None)[0]
        weights = 1.0 / np.sqrt(1.0 + ((values - basis @ slopes) / SETTINGS.agree) ** 2)
    low, high = (float(value) for value in np.percentile(directions @ slopes[1:], [5.0, 95.0]))
    return high - low


@dataclass(frozen=True)
class _Compared:
    """A photo's colour against that of the face's skin, (h, w) each.

    Attributes:
        chroma: (h, w, 2) log chroma.
        redder: log(R/G) over the skin's.
        distance: spreads of the skin's chroma from it.
        relative: log luminance over that of skin in this light.
        violet: whether the light is too blue for a colour to say what is skin.
    """

    chroma: np.ndarray
    redder: np.ndarray
    distance: np.ndarray
    relative: np.ndarray
    violet: bool


@dataclass(frozen=True)
class _Places:
    """Which pixels ought to show what, (h, w) bool each: skin, skin without hair, lips, skin around eyes; the eyes."""

    ought: np.ndarray
    hairless: np.ndarray
    lips: np.ndarray
    lids: np.ndarray
    eyes: list[np.ndarray]


def _foreign(model: HeadModel, seen: _Looked, free: np.ndarray, grey: bool) -> np.ndarray | None:
    """(h, w) bool, what lies over skin."""

    def where(names: tuple[str, ...]) -> np.ndarray:
        return shown & (seen.raster.sample(region_sum(model.topology, names)) > 0.5)

    shown = seen.raster.covered & free
    compared = _compared(seen, [where(names) for names in VOTES], where(SKIN))
    if compared is None:
        return None
    # at its outline a head shows light from behind, and what is beside it
    ought = where(SKIN) & (-seen.normals[..., 2] > SETTINGS.facing)
    eyes = [fill_contours(seen.marks, (eye,), *free.shape[::-1]) > 127 for eye in EYES]
    places = _Places(ought, where(HAIRLESS) & ought, where(("lips",)), where(EYE_SKIN), eyes)
    coloured, dark = _unlike_skin(compared)
    if grey or compared.violet:
        coloured = np.zeros_like(dark)
    found = np.zeros(free.shape, bool)
    for is_dark, foreign in ((False, coloured), (True, dark)):
        wide = _wide(foreign & (ought | eyes[0] | eyes[1]), seen.mm)
        count, labels = cv2.connectedComponents(wide.astype(np.uint8), connectivity=4)
        for label in range(1, count):
            part = labels == label
            if _is_cover(part, is_dark, compared, places, seen.mm):
                found |= part
    skin = (compared.distance < 0.5 * SETTINGS.chroma) & (compared.relative > 0.5 * SETTINGS.dark)
    return _alike(seen, found, shown & skin) if found.any() else None


def _compared(seen: _Looked, votes: list[np.ndarray], skin: np.ndarray) -> _Compared | None:
    """The photo against the face's skin; None where that cannot be told.

    Args:
        votes: (h, w) bool, places that may show it.
        skin: (h, w) bool, all that ought to.
    """
    chroma, luminance = log_chroma(seen.colour), log_luminance(seen.colour)
    tone = _skin_chroma(chroma, votes)
    if tone is None:
        return None
    near = skin & (np.linalg.norm(chroma - tone, axis=-1) < SETTINGS.agree)
    if np.count_nonzero(near) < SETTINGS.fewest:
        return None
    middle = np.median(chroma[near], axis=0)
    spread = np.maximum(1.4826 * np.median(np.abs(chroma[near] - middle), axis=0), SETTINGS.floor)
    distance = np.linalg.norm((chroma - middle) / spread, axis=-1)
    relative = luminance - _expected(luminance, near, seen)
    return _Compared(chroma, chroma[..., 0] - tone[0], distance, relative, bool(tone[1] >= SETTINGS.violet))


def _unlike_skin(seen: _Compared) -> tuple[np.ndarray, np.ndarray]:
    """(h, w) bool each: what has another colour than skin, and what is darker than skin in shade."""
    given = SETTINGS
    least = given.chroma * np.where(seen.redder < given.greyer, 0.5, 1.0)
    coloured = seen.distance > least * (1.0 + 2.0 * np.maximum(given.trusted - seen.relative, 0.0))
    coloured &= seen.relative > 1.5 * given.dark
    return coloured, (seen.relative < given.dark) & (seen.redder < given.grey)


def _is_cover(part: np.ndarray, is_dark: bool, seen: _Compared, places: _Places, mm: float) -> bool:
    """Whether a part (h, w) bool that is unlike skin is something that lies over it."""
    given = SETTINGS
    evidence = part & places.hairless
    if (part & places.lips).sum() > given.lips * places.lips.sum():
        evidence |= part & places.lips  # which no beard hides
    if is_dark and not _eye_hidden(part, places.eyes, seen.relative):
        evidence &= ~places.lids
    area, sure = (np.count_nonzero(there) * mm**2 for there in (part & places.ought, evidence))
    if not is_dark and np.median(seen.distance[part]) < given.chroma:
        area, sure = area / given.weak, sure / given.weak  # light from behind makes an edge as pale
    if area < given.least or sure < given.least_hairless:
        return False
    values = seen.relative[..., None] if is_dark else seen.chroma
    return _sharpness(part, places.ought, values, mm) >= given.sharp


def _alike(seen: _Looked, found: np.ndarray, skin: np.ndarray) -> np.ndarray:
    """What was found, with all that is joined to it and looks like it, but for what looks like skin (h, w) bool."""
    logs = np.log(np.maximum(seen.colour, 2e-3))
    count, labels = cv2.connectedComponents(found.astype(np.uint8), connectivity=4)
    whole = found.copy()
    for label in range(1, count):
        part = labels == label
        middle = np.median(logs[part], axis=0)
        spread = np.maximum(1.4826 * np.median(np.abs(logs[part] - middle), axis=0), SETTINGS.alike_floor)
        near = (np.abs(logs - middle) < SETTINGS.alike * spread).all(axis=-1) & ~skin | part
        _, joined = cv2.connectedComponents(near.astype(np.uint8), connectivity=4)
        whole |= joined == np.bincount(joined[part]).argmax()
    closed = cv2.morphologyEx(whole.astype(np.uint8), cv2.MORPH_CLOSE, disc(SETTINGS.width / seen.mm))
    return closed > 0


def _eye_hidden(part: np.ndarray, eyes: list[np.ndarray], relative: np.ndarray) -> bool:
    """Whether a part lies over an eye, of which no white shows."""
    inside = [eye for eye in eyes if eye.any() and (part & eye).sum() > 0.5 * eye.sum()]
    return any(np.percentile(relative[eye], 90) < SETTINGS.eye_white for eye in inside)


def _skin_chroma(chroma: np.ndarray, places: list[np.ndarray]) -> np.ndarray | None:
    """(2,) log chroma that most places share, near to that of usual skin."""
    kept = [place for place in places if np.count_nonzero(place) >= SETTINGS.fewest]
    if not kept:
        return None
    votes = np.array([np.median(chroma[place], axis=0) for place in kept])
    likely = np.exp(-0.5 * ((votes - SETTINGS.usual) ** 2).sum(1) / SETTINGS.usual_spread**2)
    together = np.linalg.norm(votes[:, None] - votes[None], axis=-1) < SETTINGS.agree
    best = int((together @ likely).argmax())
    return np.average(votes[together[best]], axis=0, weights=likely[together[best]])


def _expected(luminance: np.ndarray, near: np.ndarray, seen: _Looked) -> np.ndarray:
    """(h, w) log luminance of skin in the light of this face."""
    values = np.exp(luminance[near])[:, None].repeat(3, 1)
    light, _ = estimate_light(seen.normals[near], values, np.ones(len(values)))
    level = np.median(luminance[near] - np.log(light.shading(seen.normals[near])).mean(-1))
    return level + np.log(light.shading(seen.normals)).mean(-1)


def _wide(mask: np.ndarray, mm: float) -> np.ndarray:
    """The parts of a mask that are wide enough, gaps in them closed."""
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, disc(0.25 * SETTINGS.width / mm))
    return cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc(0.5 * SETTINGS.width / mm)) > 0


def _sharpness(part: np.ndarray, ought: np.ndarray, values: np.ndarray, mm: float) -> float:
    """Share of the whole difference between a part and what is around that lies at its border."""
    step, far = disc(SETTINGS.edge / mm), disc(3.0 * SETTINGS.edge / mm)
    inside = part.astype(np.uint8)
    grown, wide, drawn = cv2.dilate(inside, step) > 0, cv2.dilate(inside, far) > 0, cv2.erode(inside, step) > 0
    near_out, far_out = grown & ~part & ought, wide & ~grown & ought
    outer = cv2.dilate((near_out | far_out).astype(np.uint8), far) > 0
    near_in, far_in = part & ~drawn & outer, drawn
    if min(map(np.count_nonzero, (near_out, far_out, near_in, far_in))) < 8:
        return 1.0
    middle = [np.median(values[place], axis=0) for place in (near_in, near_out, far_in, far_out)]
    at_border, whole = (float(np.linalg.norm(a - b)) for a, b in (middle[:2], middle[2:]))
    return at_border / max(whole, 1e-6)


def _looked_at(model: HeadModel, fit: CoarseFit, view: View, photo: np.ndarray) -> _Looked | None:
    """The photo around the face at a size that suffices; None where no head is seen."""
    points = view.landmarks.points
    eye = max(eye_distance(points), 1.0)
    height, width = photo.shape[:2]
    low = np.floor(np.clip(points.min(axis=0) - 0.3 * eye, 0, (width - 1, height - 1))).astype(int)
    high = np.ceil(np.clip(points.max(axis=0) + 0.3 * eye, low + 1, (width, height))).astype(int)
    scale = min(1.0, SETTINGS.eye_distance / eye)
    size = np.maximum(np.round((high - low) * scale).astype(int), 3)
    image = cv2.resize(photo[low[1] : high[1], low[0] : high[0]], tuple(size.tolist()), interpolation=cv2.INTER_AREA)
    posed = view.pose.apply(posed_vertices(model, fit, view))
    xy = (view.camera.project(posed) - low) * scale
    raster = rasterize_view(posed, xy, model.topology.head_triangles, *size.tolist())
    if not raster.covered.any():
        return None
    normals = raster.sample(vertex_normals(posed, model.topology.triangles))
    normals /= np.maximum(np.linalg.norm(normals, axis=-1, keepdims=True), 1e-6)
    mm = float(view.pose.translation[2] / view.camera.fx / scale)
    colour = cv2.GaussianBlur(srgb_to_linear(image), (0, 0), 1.0)
    return _Looked(colour, raster, normals, (points - low) * scale, low.astype(float), scale, mm)


def _window(mask: np.ndarray, seen: _Looked) -> np.ndarray:
    """(h, w) a mask of the photo (H, W) in the pixels that are looked at."""
    height, width = seen.colour.shape[:2]
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(mask.astype(np.float32), seen.to_photo, (width, height), flags=flags)
