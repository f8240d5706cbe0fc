"""Fine colour for skin that no photo shows: of the same grain as the skin that they do, without its very spots.

A patch of clear skin gives the amplitudes of every wave in its three channels; random phases, the same for the three,
give a texture that looks alike everywhere and repeats nowhere (random phase noise, Galerne, Gousseau and Morel 2011).
"""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from scipy import fft

from ..image.colour import channel_mean
from ..image.filters import masked_blur

TEXTURE_SIZE = 1024  # texels, at most, at which it is made
PATCH_MM = 18.0  # side of the patch
PERIOD = 512  # texels after which the texture returns
COARSEST_MM = 3.0  # Gaussian sigma of what is coarser than grain
CLEAR = 0.9  # share of a patch that must be plain skin
SPREAD_RANGE = (0.005, 0.035)  # log units, standard deviation that skin has
PLAIN_SPREAD, PLAIN_MM = 0.012, (0.6, 1.75)  # of the mottling where no clear patch is seen: Gaussian sigmas


def grain_tile(detail: np.ndarray, plain: np.ndarray, texel: float, size: int) -> np.ndarray:
    """(T, T, 3) float32 log colour of mean 0, to be laid on skin that was not seen; the same for every run.

    Args:
        detail: (h, w, 3) log colour over the smooth tone.
        plain: (h, w) in [0, 1], seen plain skin.
        texel: mm.
        size: of the chart; the texture covers it, at ``TEXTURE_SIZE`` texels at most.
    """
    made = min(size, TEXTURE_SIZE)
    factor = size // made
    if factor > 1:
        shape = (plain.shape[1] // factor, plain.shape[0] // factor)
        detail, plain = (cv2.resize(a, shape, interpolation=cv2.INTER_AREA) for a in (detail, plain))
    patch = clear_patch(detail, plain, texel * factor)
    period = min(PERIOD, made)
    texture = mottling(period, texel * factor) if patch is None else random_phase(patch, period)
    return np.tile(texture, (-(-made // period), -(-made // period), 1))[:made, :made]


def clear_patch(detail: np.ndarray, plain: np.ndarray, texel: float) -> np.ndarray | None:
    """(p, p, 3) grain of the clearest patch of skin, moles drawn in; None where there is none."""
    side = max(8, round(PATCH_MM / texel))
    if side >= min(plain.shape):
        return None
    share = cv2.boxFilter(plain, -1, (side, side), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT)
    fine = detail - masked_blur(detail, plain, COARSEST_MM / texel)
    # of the patches that are all skin, that which varies least: no fold, no edge of anything
    varied = cv2.boxFilter(
        channel_mean(fine) ** 2 * plain, -1, (side, side), anchor=(0, 0), borderType=cv2.BORDER_CONSTANT
    )
    rank = np.where(share >= CLEAR, varied / np.maximum(share, 1e-3), np.inf)[: 1 - side, : 1 - side]
    if not np.isfinite(rank).any():
        return None
    # not the very smoothest, which is a highlight or out of focus
    wanted = np.quantile(rank[np.isfinite(rank)], 0.35)
    row, column = np.unravel_index(np.argmin(np.abs(rank - wanted)), rank.shape)
    patch = (fine * plain[..., None])[row : row + side, column : column + side]
    limit = 3.0 * 1.4826 * np.median(np.abs(patch), axis=(0, 1)) + 1e-4
    return np.clip(patch, -limit, limit)


def random_phase(patch: np.ndarray, size: int) -> np.ndarray:
    """(size, size, 3) float32 texture of the patch's spectrum and standard deviation, continuing over its edges.

    Skin seen at other places of the chart runs another way, and a photo's own grid shows in enlarged skin: the grain
    has the mean spectrum of all directions.
    """
    line = np.sin(np.pi * (np.arange(len(patch)) + 0.5) / len(patch))
    spread = patch.std((0, 1))
    rings = ring_spectrum((patch - patch.mean((0, 1))) * np.outer(line, line)[..., None], size)
    mixing = np.linalg.cholesky(rings + 1e-6 * np.trace(rings, axis1=1, axis2=2).max() * np.eye(3)).astype(np.float32)
    wave = np.fft.fftfreq(size, 1 / size)
    ring = np.round(np.hypot(wave[:, None], wave[: size // 2 + 1])).astype(np.int32)
    noise = [_phases(size, k) for k in range(3)]
    layers = (sum(mixing[ring, c, k] * noise[k] for k in range(c + 1)) for c in range(3))
    texture = np.stack([fft.irfft2(layer, (size, size)) for layer in layers], axis=-1)
    texture -= texture.mean((0, 1))
    whole = float(np.clip(spread.mean(), *SPREAD_RANGE)) / max(float(spread.mean()), 1e-6)
    return (texture * (whole * spread / np.maximum(texture.std((0, 1)), 1e-9))).astype(np.float32)


def ring_spectrum(patch: np.ndarray, size: int) -> np.ndarray:
    """(R, 3, 3) how the channels of a patch (p, p, 3) vary together, by the waves in ``size`` texels, whole numbers."""
    count = 2 * len(patch)
    spectrum = np.fft.rfft2(patch, (count, count), axes=(0, 1))
    wave = np.fft.fftfreq(count, 1 / count)
    ring = np.round(np.hypot(wave[:, None], np.arange(count // 2 + 1))).astype(int).ravel()
    products = np.einsum("ijk,ijl->klij", spectrum, spectrum.conj()).real.reshape(9, -1)
    means = np.stack([np.bincount(ring, product) for product in products]) / np.bincount(ring)
    wanted = np.arange(size // 2 * 3 // 2) * count / size
    return np.stack([np.interp(wanted, np.arange(means.shape[1]), mean) for mean in means], axis=-1).reshape(-1, 3, 3)


@lru_cache(maxsize=4)
def _phases(size: int, seed: int) -> np.ndarray:
    """(size, size // 2 + 1) complex64 of modulus 1, those of white noise: the texture is real."""
    noise = fft.rfft2(np.random.default_rng(seed).standard_normal((size, size), np.float32))
    return noise / np.maximum(np.abs(noise), np.float32(1e-9))


def mottling(size: int, texel: float) -> np.ndarray:
    """(size, size, 3) float32 faint grey mottling, continuing over its edges."""
    wave = np.fft.fftfreq(size, texel)
    square = (2 * np.pi) ** 2 * (wave[:, None] ** 2 + np.abs(wave[None, : size // 2 + 1]) ** 2)
    blurs = [np.exp(-0.5 * square * mm**2) for mm in PLAIN_MM]
    noise = [np.fft.irfft2(_phases(size, k) * blur, (size, size)) for k, blur in enumerate(blurs)]
    mottle = sum(n / n.std() for n in noise)
    mottle *= PLAIN_SPREAD / mottle.std()
    return np.repeat((mottle - mottle.mean())[..., None], 3, -1).astype(np.float32)
