"""How far apart shut lids are, seen from where no overlap of the lids hides it: the centre of the eyeball."""

import numpy as np
from furrow.core.head.raster import rasterize
from furrow.core.mesh.operators import quads_to_triangles

PIXELS = 20  # per millimetre on the eyeball
REACH = 0.84  # tangent of the angle to the eye's axis within which is looked


def lid_slit(model, vertices, side):
    """Widest upright opening (mm on the eyeball) between the lids of the left (+1) or the right (-1) eye.

    Args:
        vertices: (V, 3) mm, the posed head.
    """
    topology = model.topology
    part, head = topology.part_slice("eyes"), topology.part_slice("head")
    eye = vertices[part][model.mean[part, 0] * side > 0]
    centre = (eye.max(0) + eye.min(0)) / 2
    radius = np.linalg.norm(eye - centre, axis=1).max()
    skin = vertices[head] - centre
    triangles = quads_to_triangles(topology.part_faces("head"))
    triangles = triangles[(skin[triangles, 2] > 3).all(1) & (np.linalg.norm(skin[triangles].mean(1), axis=1) < 25)]
    focal = radius * PIXELS
    size = int(2 * REACH * focal)
    at = skin[:, :2] * [1, -1] / np.maximum(skin[:, 2:], 1e-3) * focal + size / 2
    shown, _ = rasterize(at, skin[:, 2], triangles, size, size, perspective=False)
    x, y = np.meshgrid(*[np.arange(size) + 0.5 - size / 2] * 2)
    height = radius * np.abs(np.diff(np.arctan2(y, np.hypot(x, focal)), axis=0))
    run, widest = np.zeros(size), 0.0
    for open_here, step in zip(shown[:-1] < 0, height, strict=True):
        run = (run + step) * open_here
        widest = max(widest, run.max())
    return widest
