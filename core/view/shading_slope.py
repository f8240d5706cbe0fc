"""How the shading of the skin answers to the slope of its relief: log residual = a . grad h."""

from __future__ import annotations

import cv2
import numpy as np

from ..head.model import HeadTopology
from ..head.raster import sample_smooth
from .lighting import Light
from .unwrap import PosedView

SENSITIVITY_GAIN = 0.8  # subsurface scattering softens shading
SENSITIVITY_LIMIT = 2.5
DARKEST = 0.3  # of the mean shading


def head_sensitivity(
    topology: HeadTopology, posed: PosedView, light: Light, size: int, worked: int | None = None
) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """:func:`shading_sensitivity` of the head in a photo, in its light, for maps of ``size`` texels.

    Args:
        worked: texels at which it is worked out, if fewer are enough.
    """
    vertex = np.zeros((topology.vertex_count, 7), np.float32)
    # light changes slowly over the mesh: its answer to the normal is worked out at the vertices
    vertex[:, :3] = posed.points
    vertex[:, 3:6] = light.gradient(posed.normals)
    vertex[:, 6] = np.maximum(light.shading(posed.normals).mean(-1), DARKEST)
    small = min(size, worked or size)
    fields = sample_smooth(topology, vertex, small)
    answer, metric = shading_sensitivity(
        np.ascontiguousarray(fields[..., :3]), fields[..., 3:6] / np.maximum(fields[..., 6:7], DARKEST)
    )
    if small == size:
        return answer, metric
    # a texel becomes smaller: heights change less from one to the next
    finer = size / small
    planes = [answer[..., 0] * finer, answer[..., 1] * finer, *(m / finer**2 for m in metric)]
    u, v, a, b, c = (cv2.resize(p.astype(np.float32), (size, size), interpolation=cv2.INTER_LINEAR) for p in planes)
    return cv2.merge([u, v]), (a, b, c)


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
