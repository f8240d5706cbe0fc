"""Where the package lies, and the models in it."""

from __future__ import annotations

from pathlib import Path

from .errors import AssetsError

HEAD, WRINKLES = "head.npz", "wrinkles.npz"

PACKAGE_FOLDER = Path(__file__).resolve().parents[1]
PACKAGE_NAME = __package__.rpartition(".")[0]  # "bl_ext.<repository>.furrow" in Blender, "furrow" elsewhere
MODELS = PACKAGE_FOLDER / "models"  # networks of our own; what is built from other people's data is in assets/
_FOLDER = MODELS / "assets"


def assets_folder() -> Path:
    """Folder of head.npz, wrinkles.npz and the face nets, inside the package.

    Raises:
        AssetsError: the models have not been built.
    """
    if not (_FOLDER / HEAD).is_file():
        raise AssetsError(f"The models are not built ({_FOLDER} has no {HEAD}): run 'make models'.")
    return _FOLDER
