"""The face nets and a portrait, shared by the tests that need them."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from furrow.core.nets.devices import choose
from furrow.core.nets.sessions import FaceNets
from furrow.models.nets import face_nets

ASSETS = Path(__file__).parents[1] / "models" / "assets"


@functools.cache
def nets() -> FaceNets:
    """The built nets on the CPU; built first if they are not there."""
    if not all((ASSETS / f"{name}.onnx").is_file() for name in face_nets.FACE_NETS):
        face_nets.build(ASSETS)
    return FaceNets(ASSETS, choose("cpu"))


@functools.cache
def portrait() -> np.ndarray:
    """(512, 512, 3) uint8: the astronaut Eileen Collins, a public domain photo of NASA; her face is 94 pixels wide."""
    import skimage.data

    return skimage.data.astronaut()
