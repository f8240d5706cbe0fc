"""Relief of the face at rest from the shading of one photo: a weak cue, used weakly.

Fine shading is a third or less of the contrast of skin's own colour, and half of the gradient (across the light) cannot
be seen, so a windowed Wiener filter estimates only what a prior of skin relief against one of skin colour supports:
log residual r = a . grad h, a the sensitivity of the shading to the slope. Amplitudes are bounded, and brows, beard,
lips, eyes, shadow sides and frontal light are left flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from ..head.chart import Chart
from ..head.model import HeadTopology, region_sum
from ..head.raster import sample_smooth, uv_raster
from ..image.colour import channel_mean, srgb_to_linear
from ..image.filters import masked_blur, sample, smoothstep
from ..mesh.operators import magnitude
from ..texture.albedo import delight
from ..view.lighting import Light
from ..view.shading_slope import head_sensitivity
from ..view.unwrap import PosedView

# by eye on real portraits where no line says otherwise
GRID_MM = 0.4  # texel of the working grid
WINDOW = 64  # texels, of the windowed filter
SMOOTH = 256  # texels that show how light falls on the head itself, whose means over windows are needed
HIGH_PASS_MM = 2.4  # Gaussian sigma: broader changes of brightness are the head's
# the filter's estimate is its mean, and skin is rougher than that: gain on a smooth face, and on a lined one, whose
# relief is its lines
SHADING_GAIN = (8.0, 0.7)
LINED = (0.12, 0.4)  # apparent age of a smooth face, a lined one
TEXTURE_MM = 5.0  # Gaussian sigma over which the energy of fine contrast is taken
MOTTLING = 0.008  # log units, of a millimetre's size, on skin without relief to speak of
SPOT_MM = (0.5, 1.0, 1.7)  # standard deviations of freckles and moles
SPOT_REACH = 1.2  # standard deviations around a spot that go with it
SPOT = (0.015, 0.038)  # response to a spot that may be a pore or noise, that is a spot
CAVITY_MM = (0.3, 1.25)  # Gaussian sigmas whose difference is the band of cavities
CAVITY_DEPTH, CAVITY_LIMIT = (1.8, 0.15), 0.06  # mm per log unit, smooth and lined; log units
RESOLVED_MM = (0.35, 0.75)  # photo pixel that shows relief in full, none
RESIDUAL_LIMIT = 0.25  # log; more is a mole, hair or a shadow edge
SLOPE_RMS = 0.05  # radians, of skin beside its lines
ALBEDO_RMS = 0.055  # log units, of the skin's own colour
WHITE_RMS = 0.012  # log units, of a camera's noise
PRIOR_MM = 4.0  # longest relief, where the slope spectrum flattens
SHORTEST_MM = 1.1  # wavelength under which the prior falls off: a photo does not show them
CAP_MM = 0.06  # amplitude bound
SKIN_REGIONS = (
    "forehead",
    "glabella",
    "temple",
    "cheek",
    "nose",
    "under_eye",
    "crows_feet",
    "nasolabial",
    "perioral",
    "chin",
    "jaw",
    "mouth_corner",
    "upper_lip",
)


@dataclass(frozen=True)
class Relief:
    """Relief that one photo shows, on a working grid of about ``GRID_MM``.

    Attributes:
        height: (g, g) float32 mm along the normal.
        weight: (g, g) in [0, 1], how far the photo can be believed there.
        step: mm a texel.
    """

    height: np.ndarray
    weight: np.ndarray
    step: float


def photo_relief(
    topology: HeadTopology,
    posed: PosedView,
    light: Light,
    bare: np.ndarray,
    chart: Chart,
    age: float,
) -> Relief:
    """Relief of one photo, in the expression it shows.

    Args:
        posed: the head in the photo.
        light: its light.
        bare: (S, S) trust in skin seen well, without brows and lips.
        chart: for maps of S texels.
        age: apparent age in [0, 1], by the lines.
    """
    size = bare.shape[0]
    grid = min(size, int(np.ceil(size * chart.texel / GRID_MM / (WINDOW // 2))) * (WINDOW // 2))
    if posed.millimetres_per_pixel >= RESOLVED_MM[1]:
        nothing = np.zeros((grid, grid), np.float32)
        return Relief(nothing, nothing, chart.at(grid).texel)
    trust = cv2.resize(bare, (grid, grid), interpolation=cv2.INTER_AREA)
    luminance = luminance_in_place(topology, posed, light, trust)
    return relief_of(topology, posed, light, luminance, trust, chart.at(grid).texel, age)


def relief_of(
    topology: HeadTopology,
    posed: PosedView,
    light: Light,
    luminance: np.ndarray,
    trust: np.ndarray,
    step: float,
    age: float,
) -> Relief:
    """Relief of a log luminance (g, g) over the shading; trust (g, g) in bare skin, step mm a texel."""
    grid = len(trust)
    high = luminance - masked_blur(luminance, trust, HIGH_PASS_MM / step)
    high = high * without_spots(high * trust, step)
    high = high * textured(high, trust, step)
    residual = RESIDUAL_LIMIT * np.tanh(high / RESIDUAL_LIMIT) * trust
    sensitivity, metric = head_sensitivity(topology, posed, light, grid, SMOOTH)
    shading = wiener_relief(residual, sensitivity, metric, trust, SLOPE_RMS)
    lined = float(smoothstep(np.float64(age), *LINED))
    gain, depth = (float(np.interp(lined, (0, 1), values)) for values in (SHADING_GAIN, CAVITY_DEPTH))
    relief = gain * shading + cavities(high, trust, step, depth)
    # where the smooth brightness disagrees with the light, the light is not known there
    low = masked_blur(luminance, trust, 8.0 / step)
    mean = float((low * trust).sum() / max(float(trust.sum()), 1e-6))
    known = 1.0 / (1.0 + ((low - mean) / 0.35) ** 2)
    sharp = 1.0 - smoothstep(np.float64(posed.millimetres_per_pixel), *RESOLVED_MM)
    skin = uv_raster(topology, grid).sample(region_sum(topology, SKIN_REGIONS)[:, None])[..., 0]
    weight = (known * skin * cv2.GaussianBlur(trust, (0, 0), 1.5) * sharp).astype(np.float32)
    return Relief((CAP_MM * np.tanh(relief / CAP_MM)).astype(np.float32), weight, step)


def luminance_in_place(topology: HeadTopology, posed: PosedView, light: Light, trust: np.ndarray) -> np.ndarray:
    """(g, g) log luminance over the shading, each texel where the fit itself puts it in the photo.

    The texture follows the landmarks, which moves fine relief off the pixels that show it.

    Args:
        trust: (g, g) in bare skin; the result is 0 where there is none.
    """
    grid = len(trust)
    raster = uv_raster(topology, grid)
    seen = trust.ravel() > 0
    covered = np.flatnonzero(seen[raster.pixels])
    luminance = np.zeros(grid * grid, np.float32)
    if not len(covered):
        return luminance.reshape(grid, grid)
    place = posed.camera.project(raster.sample_covered(posed.points)[covered]) - 0.5
    image = cv2.GaussianBlur(posed.image.astype(np.float32) / 255, (0, 0), 0.5)
    colour = sample(image, place)
    texels = raster.pixels[covered]
    shading = sample_smooth(topology, light.shading(posed.normals), grid).reshape(-1, 3)[texels]
    luminance[texels] = channel_mean(delight(srgb_to_linear(np.clip(colour, 0, 1)), shading)[None])[0]
    return luminance.reshape(grid, grid)


def textured(high: np.ndarray, trust: np.ndarray, step: float) -> np.ndarray:
    """(g, g) in [0, 1]: share of the fine contrast that is more than the camera's and the skin's even mottling.

    Wiener's factor 1 - n² / e² of the local energy e² of the band against an everyday n².

    Args:
        high: (g, g) high-passed log luminance.
        trust: (g, g) in [0, 1].
        step: mm a texel.
    """
    fine = masked_blur(high, trust, CAVITY_MM[0] / step) - masked_blur(high, trust, CAVITY_MM[1] / step)
    energy = masked_blur(fine**2, trust, TEXTURE_MM / step)
    return np.clip(1.0 - MOTTLING**2 / np.maximum(energy, 1e-9), 0.0, 1.0).astype(np.float32)


def without_spots(high: np.ndarray, step: float) -> np.ndarray:
    """(g, g) in [0, 1], 0 on freckles and moles: round dark spots, curved both ways, are colour and not grooves.

    Args:
        high: (g, g) high-passed log luminance, 0 where it is not trusted.
        step: mm a texel.
    """
    keep = np.ones_like(high)
    for size in SPOT_MM:
        smaller = spot_response(high, size / step)
        spot = smoothstep(smaller, *SPOT).astype(np.float32)
        radius = max(1, round(SPOT_REACH * size / step))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        keep = np.minimum(keep, 1 - cv2.dilate(spot, kernel))
    return cv2.GaussianBlur(keep, (0, 0), 0.8)


def spot_response(image: np.ndarray, sigma: float) -> np.ndarray:
    """(g, g) smaller eigenvalue of the Hessian at a scale in pixels, times sigma²: a quarter of a spot's contrast."""
    soft = cv2.GaussianBlur(image, (0, 0), sigma)
    second = np.array([[1, -2, 1]], np.float32)
    xx, yy = (cv2.filter2D(soft, cv2.CV_32F, k) for k in (second, second.T))
    xy = cv2.filter2D(soft, cv2.CV_32F, np.array([[0.25, 0, -0.25], [0, 0, 0], [-0.25, 0, 0.25]], np.float32))
    return sigma**2 * (0.5 * (xx + yy) - magnitude(0.5 * (xx - yy), xy))


def cavities(high: np.ndarray, trust: np.ndarray, step: float, depth: float) -> np.ndarray:
    """(g, g) mm: what is darker than within a millimetre or two around it lies deeper, as less sky falls in.

    Bounded low: a freckle as dark as a groove is a twentieth of a millimetre at most.

    Args:
        high: (g, g) high-passed log luminance.
        trust: (g, g) in [0, 1].
        step: mm a texel.
        depth: mm per log unit.
    """
    fine, coarse = (masked_blur(high, trust, mm / step) for mm in CAVITY_MM)
    return depth * CAVITY_LIMIT * np.tanh((fine - coarse) / CAVITY_LIMIT) * trust


def wiener_relief(
    residual: np.ndarray,
    sensitivity: np.ndarray,
    metric: tuple[np.ndarray, np.ndarray, np.ndarray],
    mask: np.ndarray,
    slope_rms: float,
) -> np.ndarray:
    """Height (S, S) mm whose shading explains the residual as far as it is likelier relief than colour.

    Windowed Wiener filter h = P_h conj(H) R / (P_h |H|^2 + P_n) with H = i a . k, sine windows with half overlap,
    in the wave number of the surface (metric). S is a multiple of half a window.

    Args:
        residual: (S, S) log shading residual, zero outside the mask.
        sensitivity, metric: of ``shading_sensitivity``.
        mask: (S, S) in [0, 1].
        slope_rms: radians, of the relief prior.
    """
    size, hop = residual.shape[0], WINDOW // 2
    line = np.sin(np.pi * (np.arange(WINDOW) + 0.5) / WINDOW).astype(np.float32)
    window = np.outer(line, line)

    def tiles(image: np.ndarray) -> np.ndarray:
        view = np.lib.stride_tricks.sliding_window_view(image, (WINDOW, WINDOW))[::hop, ::hop]
        return view.reshape(-1, WINDOW, WINDOW)

    masks = tiles(mask)
    used = np.flatnonzero(masks.mean((1, 2)) > 0.12)
    if not len(used):
        return np.zeros((size, size), np.float32)
    weight = masks[used] * window
    weight = weight / weight.sum((1, 2), keepdims=True)

    def mean(image: np.ndarray) -> np.ndarray:
        return np.einsum("tij,tij->t", tiles(image)[used], weight)[:, None, None]

    a_u, a_v, guu, gvv, guv = (mean(f) for f in (sensitivity[..., 0], sensitivity[..., 1], *metric))
    k_v = 2 * np.pi * np.fft.fftfreq(WINDOW).astype(np.float32)[None, :, None]
    k_u = 2 * np.pi * np.fft.rfftfreq(WINDOW).astype(np.float32)[None, None, :]
    determinant = np.maximum(guu * gvv - guv**2, 1e-6)
    k2 = np.maximum((gvv * k_u**2 + guu * k_v**2 - 2 * guv * k_u * k_v) / determinant, 1e-3)
    response = a_u * k_u + a_v * k_v
    wavelength = 2 * np.pi / np.sqrt(k2)
    slope = 1.0 / ((k2 + (2 * np.pi / PRIOR_MM) ** 2) * (1 + (SHORTEST_MM / wavelength) ** 4))
    slope[:, 0, 0] = 0
    relief = slope_rms**2 * slope / slope.mean((1, 2), keepdims=True) / k2
    colour = 1.0 / k2
    colour[:, 0, 0] = 0
    noise = ALBEDO_RMS**2 * colour / colour.mean((1, 2), keepdims=True) + WHITE_RMS**2
    blocks = tiles(residual)[used]
    blocks = (blocks - np.einsum("tij,tij->t", blocks, weight)[:, None, None]) * masks[used] * window
    spectrum = np.fft.rfft2(blocks) * (-1j * response * relief / (relief * response**2 + noise))
    pieces = np.fft.irfft2(spectrum, s=(WINDOW, WINDOW)).astype(np.float32) * window
    return _overlap_added(pieces, used, size)


def _overlap_added(pieces: np.ndarray, used: np.ndarray, size: int) -> np.ndarray:
    """(S, S) sum of windows (t, ``WINDOW``, ``WINDOW``), of the windows ``used`` (t,) of a map with half overlap."""
    # every second window along each axis does not overlap, so four passes of plain placement
    hop = WINDOW // 2
    out = np.zeros((size, size), np.float32)
    count = (size - WINDOW) // hop + 1
    full = np.zeros((count * count, WINDOW, WINDOW), np.float32)
    full[used] = pieces
    full = full.reshape(count, count, WINDOW, WINDOW)
    for row in range(2):
        for column in range(2):
            part = full[row::2, column::2]
            block = part.transpose(0, 2, 1, 3).reshape(part.shape[0] * WINDOW, part.shape[1] * WINDOW)
            out[row * hop : row * hop + block.shape[0], column * hop : column * hop + block.shape[1]] += block
    return out
