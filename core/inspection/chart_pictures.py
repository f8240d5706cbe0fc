"""Pictures in UV space: albedo and masks, lines from valley to groove, relief, pores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..character.character import Character, DetailMaps
from ..head.raster import uv_raster
from ..image.colour import linear_to_srgb_bytes
from ..wrinkles.atlas import WrinkleAtlas
from ..wrinkles.coefficients import person
from ..wrinkles.fine_skin import PORE_REGIONS, usual_gain
from ..wrinkles.own_lines import OwnLines
from . import canvas
from .canvas import ChartPart, chart_part
from .page import Picture
from .stages import PhotoSeen

SIZE = 620  # pixels of a chart with lines
SMALL = 420
MASK = 340
RESPONSE = 6.0  # of valleys over the noise
RESIDUAL_MM, MAP_MM = 0.12, 0.5
DEEP_MM = 0.5  # groove that is drawn widest
WIDEST = 7  # pixels
LABELLED = 14  # deepest lines with their depths written beside them
LEAST_MM = 0.02
KEPT, FADED = 0.75, 0.25  # of a curve's depth at rest
MOST_GAIN = 2.0


def colour_picture(character: Character) -> Picture:
    """Albedo, roughness and masks of the character."""
    whole = _whole(SMALL)
    tiles = [
        ("albedo", whole.image(character.albedo)),
        ("roughness", canvas.grey(whole.image(character.roughness) / 255)),
        ("skin that photos show", canvas.grey(whole.image(character.skin_mask) / 255)),
    ]
    if character.hair_mask is not None:
        tiles.append(("hair, brows, beard", canvas.grey(whole.image(character.hair_mask) / 255)))
    says = (
        "The chart of the head, the face in the middle. Colour is the person's where the third picture is white, and "
        "completed from the other side and from smooth skin where it is black. Shadows and gloss do not belong here."
    )
    return Picture("chart_albedo", "Albedo", says, canvas.row(tiles, SMALL))


def unwrapped_picture(seen: PhotoSeen, index: int) -> Picture:
    """The unwrapped photo with its light taken out, and how far it is trusted."""
    texture = seen.texture
    plain = texture.shaded[texture.plain > 0.5]
    level = float(np.median(plain)) if len(plain) else 0.0
    shown = (texture.trust > 0) | (texture.hair > 0.1) | (texture.bare > 0)
    colours = linear_to_srgb_bytes(np.exp(texture.shaded - level - 1.0)) * shown[..., None].astype(np.uint8)
    part = chart_part(shown, MASK)
    tiles = [("unwrapped, shading divided out", part.image(colours))]
    names = {"trust": "used for the albedo", "plain": "plain skin", "bare": "bare enough for relief",
             "hair": "hair, brows, beard"}
    tiles += [(title, canvas.grey(part.image(getattr(texture, name)))) for name, title in names.items()]
    says = (
        "One photo on the chart. What slips here (an eye on a lid, a nostril on a cheek) was fitted to the wrong place."
    )
    return Picture(f"photo_{index}_unwrapped", "Unwrapped photo", says, canvas.row(tiles, MASK))


def lines_picture(character: Character, seen: PhotoSeen, index: int) -> Picture:
    """Valleys of the luminance, candidates, believed lines, and what they were measured as."""
    lines, part = seen.lines, _lined_part(character)
    valleys = canvas.scaled(part.image(np.maximum(lines.strength, 0)), RESPONSE)
    searched = np.where(part.image(lines.search)[..., None] > 0.3, valleys, valleys // 3)
    found = _ground(character, part)
    canvas.draw_lines(found, _placed(part, lines.candidates), [canvas.TEXT] * len(lines.candidates))
    canvas.draw_lines(found, _placed(part, lines.believed), [canvas.WARN] * len(lines.believed), 3)
    depths = np.array([(d.rest, d.moved) for d in lines.estimates]).reshape(-1, 2)
    measured = _with_depths(_ground(character, part), part, [d.bottom for d in lines.estimates], depths)
    tiles = [
        ("valleys of the luminance", canvas.with_legend(searched, "noise", f"{RESPONSE:g} times it", False)),
        (f"{len(lines.candidates)} candidates (white), {len(lines.believed)} believed (yellow)", found),
        ("estimates: at rest (orange) + in motion (blue), mm", measured),
    ]
    says = (
        "Where lines are looked for is bright in the first picture. White candidates were not believed: too short, too "
        "faint, one-sided, or not where and how a group of the atlas runs. The third picture has each line where its "
        "groove is deepest, the wider the deeper; blue is what full compression adds."
    )
    return Picture(f"photo_{index}_lines", "Lines", says, canvas.row(tiles, SIZE))


def own_lines_picture(character: Character, atlas: WrinkleAtlas) -> Picture | None:
    """The lines that the file holds, and what they leave of the atlas; None without any."""
    own = character.own_lines
    if own is None:
        return None
    part = _lined_part(character)
    parts = list(zip(own.start[:-1], own.start[1:]))
    depths = np.array([(own.rest[a:b].max(), own.moved[a:b].max()) for a, b in parts]).reshape(-1, 2)
    image = _with_depths(_ground(character, part), part, [own.uv[a:b] for a, b in parts], depths)
    tiles = [(f"{len(own)} own lines: at rest (orange) + in motion (blue), mm", image)]
    if own.curve_gain.shape == atlas.curve_onset.shape:
        kept = _ground(character, part)
        _draw_kept(kept, part, atlas, own, character.wrinkle_seed)
        tiles.append(("curves of the atlas: kept (green), fainter (yellow), taken out (red)", kept))
    says = (
        "What the file holds: the person's own lines, and how much of each curve of the atlas's layout is left at "
        "rest. Skin that is seen without a line takes curves out; where nothing is seen they stay."
    )
    return Picture("lines_own", "Lines placed", says, canvas.row(tiles, SIZE))


def residual_picture(character: Character) -> Picture | None:
    """What photos added to the maps beside lines; None where they added nothing."""
    maps = {}
    if character.static_residual is not None:
        maps["static, at rest"] = character.static_residual
    if character.moving_residual is not None:
        names = ("compressed 1", "compressed 2", "stretched")
        maps |= dict(zip(names, np.moveaxis(character.moving_residual, -1, 0)))
    if not maps:
        return None
    says = (
        "Relief that the photos show beside lines. Moles, hairs and noise do not belong here; the rim of an eye or of "
        "a shadow in it is a mistake of masks or light. A photo that is too coarse or too soft adds nothing."
    )
    tiles = [_relief(character, name, values, RESIDUAL_MM) for name, values in maps.items()]
    return Picture("relief_residuals", "Residual maps", says, canvas.row(tiles, SMALL))


def maps_picture(character: Character) -> Picture:
    """The four displacement maps."""
    maps = {name.replace("_", " "): getattr(character.detail, name) for name in DetailMaps.CHANNELS}
    says = "All that moves the skin along its normal: static alone at rest, the others by compression and stretch."
    tiles = [_relief(character, name, values, MAP_MM) for name, values in maps.items()]
    return Picture("relief_maps", "Displacement maps", says, canvas.row(tiles, SMALL))


def pores_picture(character: Character) -> Picture | None:
    """Gains of the pores by region; None where nobody looked."""
    if character.pore_gains is None:
        return None
    usual = [usual_gain(character.age)] * len(PORE_REGIONS)
    bars = canvas.bars(PORE_REGIONS, character.pore_gains, MOST_GAIN, usual)
    says = (
        "Strength of pores. The yellow mark is usual at this age; the bar ends there where no photo is sharp enough."
    )
    return Picture("pores", "Pores", says, bars)


def line_rows(character: Character, groups: Sequence[str]) -> list[tuple[str, str]]:
    """Number and depth of own lines by group of the atlas."""
    own = character.own_lines
    if own is None or not len(own):
        return [("own lines", "none")]
    rest, moved = (np.maximum.reduceat(values, own.start[:-1]) for values in (own.rest, own.moved))
    rows = []
    for group in np.unique(own.group):
        of, name = own.group == group, groups[group] if group < len(groups) else f"group {group}"
        depths = f"deepest {rest[of].max():.2f} mm at rest, {moved[of].max():.2f} mm more in motion"
        rows.append((name.replace("_", " "), f"{of.sum()} line{'s' * bool(of.sum() > 1)}, {depths}"))
    return rows


def _draw_kept(image: np.ndarray, part: ChartPart, atlas: WrinkleAtlas, own: OwnLines, seed: int) -> None:
    """Draw the curves of a person's layout by the share of their depth at rest that is left."""
    curves = person(atlas, seed).curves
    gains = own.curve_gain[curves]
    colours = [canvas.GOOD if g > KEPT else canvas.WARN if g > FADED else canvas.BAD for g in gains]
    uv = [atlas.uv[atlas.curve_start[c] : atlas.curve_start[c + 1]] for c in curves]
    canvas.draw_lines(image, _placed(part, uv), colours)


def _with_depths(image: np.ndarray, part: ChartPart, lines: Sequence[np.ndarray], depths: np.ndarray) -> np.ndarray:
    """The image with lines, blue for what motion adds around orange for the depth at rest; depths (c, 2) mm."""
    places = _placed(part, lines)
    total = depths.sum(1)
    for amount, colour in ((total, canvas.BELOW), (depths[:, 0], canvas.ABOVE)):
        for place, depth in zip(places, amount):
            if depth > LEAST_MM:
                canvas.draw_lines(image, [place], [colour], 1 + round((WIDEST - 1) * min(depth / DEEP_MM, 1)))
    deepest = np.argsort(-total)[:LABELLED]
    middle = np.array([places[k][len(places[k]) // 2] for k in deepest]).reshape(-1, 2)
    return canvas.write_labels(image, middle, [f"{depths[k, 0]:.2f} + {depths[k, 1]:.2f}" for k in deepest])


def _placed(part: ChartPart, lines: Sequence[np.ndarray]) -> list[np.ndarray]:
    return [part.points(np.asarray(uv, np.float64)) for uv in lines]


def _whole(size: int) -> ChartPart:
    return ChartPart(np.zeros(2), np.ones(2), size)


def _lined_part(character: Character) -> ChartPart:
    """The part of the chart that photos show."""
    return chart_part(_whole(SMALL).image(character.skin_mask) > 32, SIZE)


def _ground(character: Character, part: ChartPart) -> np.ndarray:
    return canvas.dimmed(part.image(character.albedo), 0.5)


def _relief(character: Character, name: str, values: np.ndarray, limit: float) -> tuple[str, np.ndarray]:
    """A map (S, S) mm in colours with its caption and legend; what lies beyond the chart is black."""
    image = canvas.signed(_whole(SMALL).image(np.ascontiguousarray(values, np.float32)), limit)
    image[~uv_raster(character.topology, SMALL).covered] = 0
    legend = canvas.with_legend(image, f"-{limit:g} mm", f"+{limit:g} mm", True)
    return f"{name}, {values.min():.2f} to {values.max():.2f} mm", legend
