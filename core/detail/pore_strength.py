"""How strong a person's pores are: the fine contrast of the photo's skin against that of the fine skin in its light.

Pores and mottling both change brightness over about a millimetre. Blood and melanin hardly show in red light, so the
red channel is read. What the tiles of the fine skin would show there is, per region,

    E = DIRECT² (a_u² S_uu + a_v² S_vv) + CAVITY² S_hh

with S the energy of the tile's slopes and heights in the same band as the photo resolves it, a the change of log
shading with slope under the estimated light, and CAVITY what gloss and occlusion add (both factors fitted to
path-traced renders of the fine skin). The gain is sqrt((photo - noise) / E), as far as the photo can be believed;
beyond that it is that of the age.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from ..head.chart import Chart
from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth, uv_raster
from ..image.colour import srgb_to_linear
from ..image.filters import masked_blur, smoothstep
from ..texture.view_texture import ViewTexture
from ..view.unwrap import PosedView, resolution
from ..wrinkles.fine_skin import PORE_REGIONS, TILE_MM, TILE_NAMES, load_tiles, usual_gain

TILE_OF = {"forehead": "forehead", "nose": "nose", "cheek": "cheek", "chin": "cheek"}
BAND_MM = (0.25, 0.70)  # Gaussian sigmas whose difference is the band
LOCAL_MM = 3.0  # Gaussian sigma of local energy; its median over a region passes by moles, lines and hairs
DIRECT, CAVITY = 0.64, 2.7  # the second per mm; fitted to path-traced renders
# by eye on real portraits, as the rest
MOTTLING = 0.005  # rms of the log of red, of skin without relief
RESOLVED_MM = (0.30, 0.50)  # what a photo resolves that shows pores in full, none
SHARP_BLUR = 0.35  # standard deviation of the blur of edges for each mm that a photo resolves
ENOUGH_MM2 = 120.0  # skin that is half believed
LEAST, MOST = 0.5, 2.0  # gain, times that of the age, of a region
FLATTEST = 0.05  # share of a photo's places that show its noise alone
GRID = 256  # texels at which light is evaluated
DARKEST = np.float32(2e-3)  # linear light under which a photo only shows noise


def pore_gains(
    topology: HeadTopology, views: Sequence[ViewTexture], chart: Chart, age: float, tiles: Path
) -> np.ndarray:
    """(4,) gains of the fine skin on ``PORE_REGIONS``, from the photos and the age.

    Args:
        views: photos in UV space.
        chart: of the head, for their maps.
        age: apparent age, 0 to 1.
        tiles: file of the fine skin's tiles.

    Raises:
        AssetsError: the tiles are missing or damaged.
    """
    logs, beliefs = np.zeros((2, len(views), len(PORE_REGIONS)))
    for k, view in enumerate(views):
        logs[k], beliefs[k] = _seen_gains(topology, view, chart, tiles)
    belief = beliefs.max(0)
    seen = (beliefs * logs).sum(0) / np.maximum(beliefs.sum(0), 1e-9)
    return np.exp(belief * seen + (1 - belief) * np.log(usual_gain(age)))


def _seen_gains(topology: HeadTopology, view: ViewTexture, chart: Chart, tiles: Path) -> tuple[np.ndarray, np.ndarray]:
    """(4,) log gains that one photo shows, and (4,) how far it can be believed."""
    posed = view.posed
    resolved = max(resolution(posed.image, posed.pixel), posed.pixel, chart.texel)
    sharp = 1.0 - float(smoothstep(np.float64(resolved), *RESOLVED_MM))
    gains, belief = np.zeros((2, len(PORE_REGIONS)))
    if sharp <= 0:
        return gains, belief
    photo = photo_energy(topology, view, chart)
    floor = noise_energy(posed) + MOTTLING**2
    shown = shown_energy(topology, view, load_tiles(tiles), SHARP_BLUR * resolved)
    for k in range(len(PORE_REGIONS)):
        energy, area = photo[k]
        signal = max(energy - floor, 0.0)
        gains[k] = np.log(np.clip(np.sqrt(signal / max(shown[k], 1e-12)), LEAST, MOST))
        clear = 1.0 if energy <= 0 else signal / energy if signal > 0 else 0.5
        belief[k] = sharp * clear * area / (area + ENOUGH_MM2)
    return gains, belief


def photo_energy(topology: HeadTopology, view: ViewTexture, chart: Chart) -> list[tuple[float, float]]:
    """For each of ``PORE_REGIONS``: median local energy of log red in the band, and mm² of plain skin it is of."""
    window, texel = view.window, chart.texel
    skin = window.enlarged(np.minimum(view.plain, view.bare))
    red = np.ascontiguousarray(view.fine[..., 0])
    band = masked_blur(red, skin, BAND_MM[0] / texel) - masked_blur(red, skin, BAND_MM[1] / texel)
    step = max(1, round(0.5 * LOCAL_MM / texel))
    local = masked_blur(band**2, skin, LOCAL_MM / texel)[::step, ::step]
    sure = skin[::step, ::step] > 0.9
    regions = np.stack([region_sum(topology, (name,)) for name in PORE_REGIONS], axis=-1)
    rows, columns = (np.arange(0, n, step) // window.factor for n in window.shape)
    inside = sample_smooth(topology, regions, window.grid)[window.work][np.ix_(rows, columns)] > 0.7
    found = [local[sure & inside[..., k]] for k in range(len(PORE_REGIONS))]
    return [(float(np.median(f)) if len(f) else 0.0, len(f) * (step * texel) ** 2) for f in found]


def noise_energy(posed: PosedView) -> float:
    """Energy of the band in the flattest places of a photo that are about as bright as its skin."""
    pixel = posed.pixel
    red = np.log(np.maximum(srgb_to_linear(posed.image[..., 0]), DARKEST))
    band = cv2.GaussianBlur(red, (0, 0), BAND_MM[0] / pixel) - cv2.GaussianBlur(red, (0, 0), BAND_MM[1] / pixel)
    local = cv2.blur(band**2, (15, 15))[8::8, 8::8]
    level = cv2.blur(red, (15, 15))[8::8, 8::8]
    height, width = red.shape
    inside = (posed.landmarks >= 0).all(1) & (posed.landmarks < (width, height)).all(1)
    x, y = posed.landmarks[inside].astype(int).T
    skin = float(np.median(red[y, x])) if inside.any() else float(np.median(red))
    alike = local[np.abs(level - skin) < 0.7]
    return float(np.quantile(alike, FLATTEST)) if len(alike) else 0.0


def shown_energy(topology: HeadTopology, view: ViewTexture, tiles: np.ndarray, blur: float) -> np.ndarray:
    """(4,) energy of log red in the band that the fine skin at gain 1 would show in a photo's light.

    Args:
        tiles: (4, s, s) mm heights.
        blur: mm, standard deviation of the photo's blur.
    """
    posed = view.posed
    shading = np.maximum(view.light.shading(posed.normals).mean(-1, keepdims=True), 0.3)
    vertex = np.column_stack([posed.points, view.light.gradient(posed.normals) / shading])
    fields = uv_raster(topology, GRID).sample(vertex.astype(np.float32))
    response = []
    for across, down in ((1, 0), (0, 1)):
        tangent = cv2.Sobel(np.ascontiguousarray(fields[..., :3]), cv2.CV_32F, across, down)
        tangent /= np.maximum(np.linalg.norm(tangent, axis=-1, keepdims=True), 1e-9)
        response.append(np.einsum("ijk,ijk->ij", tangent, fields[..., 3:]) ** 2)
    skin = cv2.resize(view.plain, (GRID, GRID), interpolation=cv2.INTER_AREA)
    regions = sample_smooth(topology, np.stack([region_sum(topology, (n,)) for n in PORE_REGIONS], -1), GRID)
    energies = band_energies(tiles, blur)
    shown = []
    for k, name in enumerate(PORE_REGIONS):
        weight = skin * (regions[..., k] > 0.7)
        along_u, along_v = (float((weight * r).sum()) / max(float(weight.sum()), 1e-6) for r in response)
        height, slope_u, slope_v = energies[TILE_NAMES.index(TILE_OF[name])]
        shown.append(DIRECT**2 * (along_u * slope_u + along_v * slope_v) + CAVITY**2 * height)
    return np.array(shown)


def band_energies(tiles: np.ndarray, blur: float) -> np.ndarray:
    """(n, 3) energy in the band of heights (mm²), slopes across and slopes down, of tiles (n, s, s) mm.

    Args:
        blur: mm, standard deviation of a blur before.
    """
    size = tiles.shape[-1]
    wave = 2 * np.pi * np.fft.fftfreq(size, TILE_MM / size)
    across, down = wave[None] ** 2, wave[:, None] ** 2
    square = across + down
    narrow, wide, soft = (np.exp(-0.5 * square * s**2) for s in (*BAND_MM, blur))
    power = np.abs(np.fft.fft2(tiles)) ** 2 / size**4 * ((narrow - wide) * soft) ** 2
    return np.stack([(power * factor).sum((1, 2)) for factor in (1.0, across, down)], axis=-1)
