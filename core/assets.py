"""Where the built models lie."""

from __future__ import annotations

from pathlib import Path

from .errors import AssetsError

HEAD, WRINKLES = "head.npz", "wrinkles.npz"

_FOLDER = Path(__file__).resolve().parents[1] / "models" / "assets"


def assets_folder() -> Path:
    """Folder of head.npz, wrinkles.npz and the face nets, inside the package.

    Raises:
        AssetsError: the models have not been built.
    """
    if not (_FOLDER / HEAD).is_file():
        raise AssetsError(f"The models are not built ({_FOLDER} has no {HEAD}): run 'make models'.")
    return _FOLDER
