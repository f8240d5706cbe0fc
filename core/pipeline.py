"""Photo to character: the stages in order, with progress and cancel."""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from .assets import HEAD, WRINKLES, assets_folder
from .character.character import Character, DetailMaps
from .character.edit import detail_maps
from .character.schema import MAX_VIEWS
from .detail import pore_strength
from .detail import read as person_detail
from .errors import CancelledError, PhotoError
from .fit import coarse, covered, iris_size
from .fit.covered import Cover
from .fit.refinement import refine
from .hair.beard_photo import ChartPhoto
from .hair.beard_reading import BeardFound, read_beard
from .hair.grow import grow_hair
from .hair.hair_colour import HairColour
from .hair.scalp import Scalp
from .hair.scalp_photo import head_cut
from .hair.scalp_reading import read_scalp
from .head import chart, personal_contacts, personal_shapes
from .head.fitted import CoarseFit, View
from .head.model import HeadModel, load_head_model
from .head.raster import sample_smooth
from .image.colour import srgb_to_linear
from .io.photo import Photo, load_photo
from .nets import detection, landmarks, same_person, upright
from .nets.devices import choose
from .texture import albedo_lines, hairline
from .texture.build import Texture, build_texture
from .texture.view_texture import log_shading
from .view.doubts import doubts
from .view.unwrap import posed_vertices
from .wrinkles import fine_skin, own_lines
from .wrinkles.coefficients import SEEDS
from .wrinkles.maps import WrinkleAtlas, load_atlas

# share of the whole time each stage takes, measured on a one-megapixel photo
STAGES = {
    "models": 0.04,
    "photo": 0.01,
    "face": 0.05,
    "fit": 0.22,
    "texture": 0.25,
    "wrinkles": 0.18,
    "shape keys": 0.25,
}

USUAL_SKIN = np.array([0.35, 0.20, 0.14])  # linear, where no photo shows any
STRANGE = 0.1  # share of a photo in the fit below which its skin is not taken: it seems to show somebody else
COLOURED_LIGHTS = "lights of different colours fall on the face: it counts as a grey photo; use one in white light."


@dataclass
class Progress:
    """Where a reconstruction stands; checked for cancel at every step.

    Attributes:
        report: called with (stage, fraction of the whole in [0, 1], message).
        cancelled: asked at every step; True stops with CancelledError.
        seconds: wall time spent in each stage so far.
    """

    report: Callable[[str, float, str], None] = lambda stage, fraction, message: None
    cancelled: Callable[[], bool] = lambda: False
    seconds: dict[str, float] = field(default_factory=dict)
    _stage: str = ""
    _began: float = 0.0

    def stage(self, name: str, message: str = "") -> None:
        """Enter a stage of ``STAGES``."""
        self._close()
        self._stage, self._began = name, time.perf_counter()
        self.within(0.0, message)

    def within(self, fraction: float, message: str = "") -> None:
        """Report a fraction in [0, 1] of the current stage.

        Raises:
            CancelledError: the artist cancelled.
        """
        if self.cancelled():
            raise CancelledError("Cancelled; nothing was changed.")
        names = list(STAGES)
        before = sum(STAGES[name] for name in names[: names.index(self._stage)])
        self.report(self._stage, min(1.0, before + STAGES[self._stage] * fraction), message)

    def finish(self) -> None:
        """Close the last stage."""
        self._close()
        self._stage = ""

    def _close(self) -> None:
        if self._stage:
            spent = time.perf_counter() - self._began
            self.seconds[self._stage] = self.seconds.get(self._stage, 0.0) + spent


@dataclass(frozen=True)
class Models:
    """Everything a reconstruction loads once: head model, wrinkle atlas, face nets on a device."""

    head: HeadModel
    atlas: WrinkleAtlas
    nets: landmarks.FaceNets
    notes: tuple[str, ...]

    @property
    def device(self) -> str:
        """Name of the device that the nets run on."""
        return self.nets.device.name


def load_models(device: str = "auto") -> Models:
    """Load all models from the package.

    Args:
        device: auto, cpu, cuda, webgpu or coreml; one that is absent falls back to the CPU with a note.

    Raises:
        AssetsError: models missing or damaged.
        DeviceError: an unknown device name.
    """
    folder = assets_folder()
    chosen = choose(device)
    nets = landmarks.FaceNets(folder, chosen)
    notes = (chosen.note,) if chosen.note else ()
    return Models(load_head_model(folder / HEAD), load_atlas(folder / WRINKLES), nets, notes)


def reconstruct(
    photos: Sequence[Path],
    *,
    device: str = "auto",
    face: int | None = None,
    name: str | None = None,
    size: int | None = None,
    models: Models | None = None,
    progress: Progress | None = None,
) -> Character:
    """One character from one photo of a person, or from several of the same person.

    Args:
        photos: image files.
        device: where the nets run.
        face: index of the face to take where a photo shows several (0 is the largest); None takes the largest.
        name: display name; the first photo's name by default.
        size: width of the maps in pixels; chosen by the photo's resolution by default.
        models: already loaded models, to reuse.
        progress: told about every step.

    Raises:
        FurrowError: one line for the artist (unreadable photo, no face, ...).
    """
    if not 0 < len(photos) <= MAX_VIEWS:
        raise PhotoError(f"{len(photos)} photos were chosen: choose 1 to {MAX_VIEWS} of the same person.")
    progress = progress or Progress()
    progress.stage("models", "loading models")
    models = models or load_models(device)
    notes = list(models.notes)
    progress.stage("photo", "reading the photo" if len(photos) == 1 else f"reading {len(photos)} photos")
    loaded = [load_photo(Path(path)) for path in photos]
    progress.stage("face", "finding the face")
    loaded, faces, quarters, remarks = _faces(models, loaded, face, progress)
    marks = [landmarks.detect_landmarks(photo.pixels, found, models.nets) for photo, found in zip(loaded, faces)]
    notes += remarks + [f"{photo.name}: {note}" for photo in loaded for note in photo.notes]
    observed = [_observation(photo, mark) for photo, mark in zip(loaded, marks)]
    notes += [line for line in map(covered.check_cut, observed) if line]
    progress.stage("fit", "fitting the head")
    pictures = [photo.pixels for photo in loaded]
    fit, covers = covered.fit_uncovered(models.head, observed, pictures, models.nets)
    for photo, mark, cover in zip(loaded, marks, covers):
        notes += [f"{photo.name}: {line}" for line in doubts(photo.pixels, mark.points, cover.whole)]
    loaded = [_colour_left_out(photo) if cover.coloured_lights else photo for photo, cover in zip(loaded, covers)]
    notes += [f"{p.name}: {COLOURED_LIGHTS}" for p, cover in zip(loaded, covers) if cover.coloured_lights]
    pictures = [photo.pixels for photo in loaded]
    progress.within(0.6, "refining the shape")
    hidden = [cover.whole for cover in covers]
    people = [landmarks.bare_person(*seen, models.nets) for seen in zip(pictures, faces, hidden)]
    fit = refine(models.head, fit, pictures, people, covers=hidden)
    notes += fit.warnings
    character = _character(models, fit, loaded, covers, people, name, size, notes, progress)
    scalp = _scalp(models, fit, character, pictures, people)
    character = replace(character, hair=replace(character.hair, scalp=scalp))
    progress.finish()
    views = tuple(
        replace(upright.turned_back(view, turn), person=_person(mark))
        for view, turn, mark in zip(character.views, quarters, marks)
    )
    return replace(character, views=views)


def _faces(
    models: Models, photos: list[Photo], index: int | None, progress: Progress
) -> tuple[list[Photo], list[detection.Face], list[int], list[str]]:
    """The photos stood upright, the face in each, by how many quarters they were turned, and notes."""
    found = []
    notes = []
    for i, photo in enumerate(photos):
        progress.within(i / len(photos), f"finding the face in {photo.name}")
        face, remarks = detection.choose_face(detection.find_faces(photo.pixels, models.nets), index)
        notes += [f"{photo.name}: {remark}" for remark in remarks]
        found.append(upright.stand_upright(photo, face, models.nets))
    stood, faces, quarters = (list(values) for values in zip(*found))
    return stood, faces, quarters, notes


def _person(mark: landmarks.Landmarks) -> np.ndarray | None:
    """(r,) what a photo says of who it shows."""
    if mark.texture is None:
        return None
    return same_person.load().read(np.column_stack([mark.points, mark.depth]), mark.texture)


def _colour_left_out(photo: Photo) -> Photo:
    return replace(photo, pixels=covered.without_colour(photo.pixels))


def _observation(photo: Photo, mark: landmarks.Landmarks) -> coarse.Observation:
    height, width = photo.pixels.shape[:2]
    return coarse.Observation(mark, width, height, photo.focal_px, photo.name)


def believed(shares: tuple[float, ...]) -> list[int]:
    """Photos whose skin is taken: all but those that seem to show somebody else, and never none.

    Args:
        shares: how much each photo counts in the fit, ``CoarseFit.photo_shares``.
    """
    return [i for i, share in enumerate(shares) if share >= min(STRANGE, max(shares))]


def _scalp(
    models: Models, fit: CoarseFit, character: Character, pictures: list[np.ndarray], people: list[np.ndarray]
) -> Scalp:
    """The hair of the scalp, of the photos whose skin is taken."""
    kept = believed(fit.photo_shares)
    posed = [fit.views[i].pose.apply(posed_vertices(models.head, fit, fit.views[i])) for i in kept]
    pictures, people = ([values[i] for i in kept] for values in (pictures, people))
    skin = character.albedo[character.skin_mask > 127]
    skin = srgb_to_linear(np.median(skin, axis=0) / 255.0) if len(skin) else USUAL_SKIN
    line = np.zeros((0, 2)) if character.hairline is None else character.hairline
    return read_scalp(models.head, character.neutral, posed, [fit.views[i] for i in kept], pictures, people, line, skin)


def _character(
    models: Models,
    fit: CoarseFit,
    photos: list[Photo],
    covers: list[Cover],
    people: list[np.ndarray],
    name: str | None,
    size: int | None,
    notes: list[str],
    progress: Progress,
) -> Character:
    """Texture, detail and shape keys for a fitted head."""
    head = models.head
    looked, skin = _skin(models, fit, photos, covers, size, progress)
    progress.stage("wrinkles", "finding lines, placing wrinkles")
    seed = zlib.crc32(np.ascontiguousarray(photos[0].pixels[::16, ::16]).tobytes()) % SEEDS
    read, detail, pores = _detail(models, looked, skin, seed)
    progress.stage("shape keys", "personal shape keys")
    neutral = personal_contacts.rest_kept_apart(head, fit.neutral)
    deltas = personal_shapes.personal_deltas(head, neutral)
    albedo = albedo_lines.with_lines(skin.albedo, read.left)
    pixel = min(view.posed.millimetres_per_pixel for view in skin.views)
    hair = grow_hair(head, neutral, albedo, pixel, seed)
    shown = [(photos[i].pixels, people[i]) for i in believed(fit.photo_shares)]
    beard = _beard(head, looked, skin, albedo, shown, hair.colour("brows"))
    return Character(
        name=name or Path(photos[0].name).stem,
        topology=head.topology,
        neutral=neutral,
        expression_names=head.expression_names,
        expression_deltas=deltas,
        directions=head.directions,
        joints=fit.joints,
        joint_directions=head.joint_directions,
        identity=fit.identity,
        shape_residual=fit.residual,
        age=read.age,
        views=_lit(fit, skin),
        albedo=beard.albedo,
        roughness=skin.roughness,
        skin_mask=skin.skin_mask,
        eye_colour=skin.eye_colour,
        tooth_colour=skin.tooth_colour,
        iris_diameter=iris_size.iris_diameter(head, looked),
        detail=detail,
        wrinkle_seed=seed,
        static_residual=read.static,
        own_lines=read.own,
        moving_residual=read.moving,
        pore_gains=pores,
        residual_age=read.age,
        hair_mask=skin.hair_mask,
        hairline=hairline.hairline(head.topology, neutral, skin.hair_mask),
        hair=replace(hair, beard=beard.beard, beard_skin=beard.skin),
        warnings=tuple(dict.fromkeys([*notes, *models.nets.notes, *skin.warnings])),
    )


def _beard(
    head: HeadModel,
    fit: CoarseFit,
    skin: Texture,
    albedo: np.ndarray,
    shown: list[tuple[np.ndarray, np.ndarray]],
    brows: HairColour,
) -> BeardFound:
    """The beard of the photos whose skin is taken.

    Args:
        fit: with their views alone.
        shown: each photo, and the person in it.
    """
    photos, cuts = [], []
    for seen, view, (picture, person) in zip(skin.views, fit.views, shown):
        shading = log_shading(head.topology, seen)
        normals = sample_smooth(head.topology, seen.posed.normals, len(shading))
        photos.append(ChartPhoto(seen.shaded + shading, shading, normals, seen.shown, seen.plain))
        posed = view.pose.apply(posed_vertices(head, fit, view))
        cuts.append(head_cut(head.topology, posed, view, picture, person))
    return read_beard(head, fit.neutral, albedo, photos, cuts, brows)


def _skin(
    models: Models,
    fit: CoarseFit,
    photos: list[Photo],
    covers: list[Cover],
    size: int | None,
    progress: Progress,
) -> tuple[CoarseFit, Texture]:
    """The fit with those of its views alone whose skin is taken, and the texture of these."""
    progress.stage("texture", "unwrapping the photo")
    kept = believed(fit.photo_shares)
    views, shares = tuple(fit.views[i] for i in kept), tuple(fit.photo_shares[i] for i in kept)
    looked = replace(fit, views=views, photo_shares=shares)
    pictures = [photos[i].pixels for i in kept]
    hands, foreign = [covers[i].hands for i in kept], [covers[i].foreign for i in kept]
    return looked, build_texture(models.head, looked, pictures, models.nets, size, progress.within, hands, foreign)


def _lit(fit: CoarseFit, skin: Texture) -> tuple[View, ...]:
    """The views, with their light where the skin was taken from them."""
    views = list(fit.views)
    for i, seen in zip(believed(fit.photo_shares), skin.views, strict=True):
        views[i] = replace(views[i], light=seen.light.turned(views[i].pose.rotation) / np.exp(seen.gain))
    return tuple(views)


def _detail(
    models: Models, fit: CoarseFit, skin: Texture, seed: int
) -> tuple[person_detail.PersonDetail, DetailMaps, np.ndarray]:
    """What the skin's lines say, the wrinkle maps at the age they show, and the gains of pores (4,)."""
    topology = models.head.topology
    face = chart.head_chart(topology, fit.neutral, len(skin.albedo))
    read = person_detail.person_detail(models.head, models.atlas, fit, skin.views, face, seed)
    pores = pore_strength.pore_gains(topology, skin.views, face, read.age, assets_folder() / fine_skin.TILES_FILE)
    atlas = own_lines.personal_atlas(models.atlas, read.own)
    return read, detail_maps(atlas, len(skin.albedo), read.age, seed, read.static, read.moving), pores
