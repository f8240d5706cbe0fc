"""A bake for game engines, and what an engine does with it: ``python examples/engine_bake.py IN.furrow OUT``.

The folder's ``bake.json`` has the same formula in words. Written beside the bake: the smiling face's displacement.
"""

import sys
from pathlib import Path

import numpy as np
from furrow.core.character.file import load_character
from furrow.core.io import png16
from furrow.core.output.bake import bake
from furrow.core.output.bake_blend import blend_bake

SMILE = {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.5, "cheekSquintRight": 0.5}


def main(source: str, output: str) -> np.ndarray:
    folder = Path(output)
    bake(load_character(Path(source)), folder, size=1024)
    displacement = blend_bake(folder, SMILE)  # (1024, 1024) mm along the normal
    scale = png16.displacement_scale(displacement)
    png16.write_png(folder / "smile.png", png16.to_uint16(displacement, scale))
    return displacement


if __name__ == "__main__":
    print(f"{np.ptp(main(*sys.argv[1:])):.2f} mm from the deepest groove to the highest fold")
