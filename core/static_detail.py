"""Relief of the face at rest from the shading of one photo: a weak cue, used weakly.

Fine shading is a third or less of the contrast of skin's own colour, and half of the gradient (across the light) cannot
be seen, so a windowed Wiener filter estimates only what a prior of skin relief against one of skin colour supports:
log residual r = a . grad h, a the sensitivity of the shading to the slope. Amplitudes are bounded, and brows, beard,
lips, eyes, shadow sides and frontal light are left flat.
"""

from __future__ import annotations

import cv2
import numpy as np

from .albedo import masked_blur
from .colour import channel_mean
from .head_model import HeadTopology
from .lighting import Light
from .raster import uv_raster
from .skin_mask import region_sum
from .unwrap import PosedView

GRID_MM = 0.4  # texel of the working grid
WINDOW = 64  # texels
HIGH_PASS_MM = 6.0
RESIDUAL_LIMIT = 0.25  # log; more is a mole, hair or a shadow edge
SENSITIVITY_GAIN = 0.8  # subsurface scattering softens shading
SENSITIVITY_LIMIT = 2.5
SLOPE_RMS = (0.05, 0.10)  # radians, smooth young skin to wrinkled skin
ALBEDO_RMS = 0.055
WHITE_RMS = 0.012
PRIOR_MM = 10.0  # longest relief, where the slope spectrum flattens
SHORTEST_MM = 1.1
CAP_MM = (0.08, 0.16)  # amplitude bound for a young, an old face
SKIN_REGIONS = (
    "forehead", "glabella", "temple", "cheek", "nose", "under_eye", "crows_feet", "nasolabial", "perioral", "chin",
    "jaw", "mouth_corner", "upper_lip",
)


def static_detail(
    topology: HeadTopology,
    posed: PosedView,
    light: Light,
    albedo: np.ndarray,
    bare: np.ndarray,
    texel: float,
    age: float,
    at_rest: np.ndarray,
) -> np.ndarray:
    """(S, S) float32 mm along the normal, from one photo.

    Args:
        posed: the head in the photo.
        light: its light.
        albedo: (S, S, 3) log of the photo's linear colour over the estimated shading.
        bare: (S, S) trust in skin seen well, without brows and lips.
        texel: mm.
        age: apparent age in [0, 1]; sets the expected slopes and the bound.
        at_rest: (V_head,) in [0, 1], 0 where the photo's expression pushes the skin together: what shows there is not
            static.
    """
    size = albedo.shape[0]
    grid = min(size, int(np.ceil(size * texel / GRID_MM / (WINDOW // 2))) * (WINDOW // 2))
    raster = uv_raster(topology, grid)
    small = (grid, grid)
    trust = cv2.resize(bare, small, interpolation=cv2.INTER_AREA)
    luminance = cv2.resize(channel_mean(albedo), small, interpolation=cv2.INTER_AREA)
    step = texel * size / grid
    vertex = np.zeros((topology.vertex_count, 9), np.float32)
    # light changes slowly over the mesh: its answer to the normal is worked out at the vertices
    vertex[:, :3] = posed.points
    vertex[:, 3:6] = light.gradient(posed.normals)
    vertex[:, 6] = np.maximum(light.shading(posed.normals).mean(-1), 0.3)
    vertex[:, 7] = region_sum(topology, SKIN_REGIONS)
    vertex[: len(at_rest), 8] = at_rest
    fields = raster.sample(vertex)
    residual = luminance - masked_blur(luminance, trust, HIGH_PASS_MM / step)
    residual = RESIDUAL_LIMIT * np.tanh(residual / RESIDUAL_LIMIT) * trust
    sensitivity, metric = shading_sensitivity(fields[..., :3], fields[..., 3:6] / np.maximum(fields[..., 6:7], 0.3))
    slope = SLOPE_RMS[0] + (SLOPE_RMS[1] - SLOPE_RMS[0]) * age
    relief = wiener_relief(residual, sensitivity, metric, trust, slope)
    # where the smooth brightness disagrees with the light, the light is not known there
    low = masked_blur(luminance, trust, 8.0 / step)
    mean = float((low * trust).sum() / max(float(trust.sum()), 1e-6))
    known = 1.0 / (1.0 + ((low - mean) / 0.35) ** 2)
    relief = relief * known * fields[..., 7] * fields[..., 8] * cv2.GaussianBlur(trust, (0, 0), 1.5)
    cap = CAP_MM[0] + (CAP_MM[1] - CAP_MM[0]) * age
    relief = (cap * np.tanh(relief / cap)).astype(np.float32)
    return cv2.resize(relief, (size, size), interpolation=cv2.INTER_CUBIC) if grid != size else relief


def shading_sensitivity(
    positions: np.ndarray, log_gradient: np.ndarray
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """How the log shading answers to the slope of the relief.

    Args:
        positions: (S, S, 3) mm of each texel, camera coordinates.
        log_gradient: (S, S, 3) derivative of the log shading by the normal.

    Returns:
        (S, S, 2) change of log shading per mm a texel of height gradient along columns and rows, and the metric
        (guu, gvv, guv), each (S, S) mm^2 per texel^2.
    """
    along_u = cv2.Sobel(positions, cv2.CV_32F, 1, 0, ksize=3) / 8
    along_v = cv2.Sobel(positions, cv2.CV_32F, 0, 1, ksize=3) / 8
    guu, gvv, guv = (np.einsum("ijk,ijk->ij", p, q) for p, q in ((along_u,) * 2, (along_v,) * 2, (along_u, along_v)))
    determinant = np.maximum(guu * gvv - guv**2, 1e-6)
    toward_u = np.einsum("ijk,ijk->ij", log_gradient, along_u)
    toward_v = np.einsum("ijk,ijk->ij", log_gradient, along_v)
    # the normal of a relief h is n - grad h; raise the index with the inverse metric
    a = np.stack([gvv * toward_u - guv * toward_v, guu * toward_v - guv * toward_u], -1)
    a = -SENSITIVITY_GAIN * a / determinant[..., None]
    physical = np.sqrt(np.maximum(guu * a[..., 0] ** 2 + gvv * a[..., 1] ** 2 + 2 * guv * a[..., 0] * a[..., 1], 0))
    return a * np.minimum(1.0, SENSITIVITY_LIMIT / np.maximum(physical, 1e-6))[..., None], (guu, gvv, guv)


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
    out = np.zeros((size, size), np.float32)
    if not len(used):
        return out
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
    # overlap-add: every second window along each axis does not overlap, so four passes of plain placement
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
