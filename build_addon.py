"""Builds the extension zip for one Python and one platform.

    python build_addon.py [--python 3.11] [--platform linux-x64] [-o dist]

Blender 4.5 and 5.0 run Python 3.11, later ones 3.13; some Linux distributions build Blender with their own Python.
Wheels are downloaded once into build/wheels by pip (PyPI, versions and sha256 pinned in pyproject.toml) and never
include numpy, which Blender brings. Everything else comes from this folder; run ``make models`` first.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import platform
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent
ASSETS = (
    "head.npz", "wrinkles.npz", "fine_skin.npz", "face_detection_short_range.onnx",
    "face_detection_full_range.onnx", "face_landmarks.onnx", "selfie_segmentation.onnx",
    "palm_detection.onnx", "hand_landmarks.onnx",
)
# networks of our own, which live beside the code that trains them
TRAINED = ("expression.npz", "identity.npz", "same_person.npz")
WHEELS = ("onnxruntime", "opencv-python-headless", "scipy", "pillow")  # all that core imports, beside numpy
WHEEL_TAGS = {
    "linux-x64": ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
    "windows-x64": ("win_amd64",),
    "macos-arm64": tuple(f"macosx_{major}_0_arm64" for major in range(14, 10, -1)),
}
# Blender versions of a Python: first, and the first one that is too new
BLENDER_OF_PYTHON = {"3.11": ("4.5.0", "5.1.0"), "3.13": ("5.1.0", None), "3.14": ("5.1.0", None)}
FIXED_TIME = (2026, 1, 1, 0, 0, 0)  # the same input gives the same zip


class BuildError(Exception):
    """One line that says what is missing and what to do."""


def this_platform() -> str:
    """Blender's name of the platform this runs on."""
    system = {"Linux": "linux", "Windows": "windows", "Darwin": "macos"}.get(platform.system(), "unknown")
    machine = {"x86_64": "x64", "AMD64": "x64", "arm64": "arm64", "aarch64": "arm64"}.get(platform.machine(), "?")
    return f"{system}-{machine}"


def pinned_versions() -> dict[str, str]:
    """{package: version} of the bundled wheels, from pyproject.toml."""
    dependencies = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    pins = dict(item.split("==") for item in dependencies if "==" in item)
    return {name: pins[name] for name in WHEELS}


def fetch_wheels(python: str, target: str) -> list[Path]:
    """The pinned wheels for a Python and platform, from build/wheels or else from PyPI.

    Raises:
        BuildError: a wheel does not exist for them, or PyPI cannot be reached.
    """
    folder = ROOT / "build" / "wheels" / f"{target}-py{python.replace('.', '')}"
    folder.mkdir(parents=True, exist_ok=True)
    found = []
    for name, version in pinned_versions().items():
        pattern = f"{name.replace('-', '_')}-{version}-*.whl"
        if not any(folder.glob(pattern)):
            tags = [item for tag in WHEEL_TAGS[target] for item in ("--platform", tag)]
            command = [sys.executable, "-P", "-m", "pip", "download", "--quiet", "--disable-pip-version-check",
                       "--no-deps", "--only-binary=:all:", "--implementation", "cp", "--python-version", python, *tags,
                       "--dest", str(folder), f"{name}=={version}"]
            result = subprocess.run(command, capture_output=True, text=True, check=False)
            if result.returncode:
                reason = (result.stderr.strip().splitlines() or ["pip failed"])[-1]
                raise BuildError(f"No wheel of {name} {version} for Python {python} on {target}: {reason}")
        found.append(checked(next(folder.glob(pattern))))
    return found


def checked(wheel: Path) -> Path:
    """The wheel itself, once its sha256 is the one in pyproject.toml.

    Raises:
        BuildError: another file under that name, or one whose sum is not recorded.
    """
    pins = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["furrow"]["wheels"]
    if wheel.name not in pins:
        raise BuildError(f"{wheel.name} has no sha256 in pyproject.toml: add it under [tool.furrow.wheels].")
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != pins[wheel.name]:
        raise BuildError(f"{wheel} is not the file that was pinned: delete it and build again.")
    return wheel


def manifest(python: str, target: str, wheels: list[Path]) -> str:
    """blender_manifest.toml of one zip.

    Raises:
        BuildError: no Blender runs that Python.
    """
    if python not in BLENDER_OF_PYTHON:
        raise BuildError(f"No supported Blender runs Python {python}: choose from {', '.join(BLENDER_OF_PYTHON)}.")
    text = (ROOT / "blender_manifest.toml").read_text("utf-8")
    first, beyond = BLENDER_OF_PYTHON[python]
    versions = f'blender_version_min = "{first}"' + (f'\nblender_version_max = "{beyond}"' if beyond else "")
    text = re.sub(r'^blender_version_min = .*$', versions, text, flags=re.M)
    text = re.sub(r"^platforms = .*$", f'platforms = ["{target}"]', text, flags=re.M)
    listed = "".join(f'  "./wheels/{wheel.name}",\n' for wheel in wheels)
    text = re.sub(r"^wheels = .*$", f"wheels = [\n{listed}]", text, flags=re.M)
    tomllib.loads(text)
    return text


def package_files() -> dict[str, Path]:
    """{name in the zip: file} of the package itself.

    Raises:
        BuildError: the models have not been built.
    """
    missing = [name for name in ASSETS if not (ROOT / "models" / "assets" / name).is_file()]
    if missing:
        raise BuildError(f"models/assets has no {missing[0]}: run 'make models' first.")
    files = [ROOT / name for name in ("__init__.py", "LICENSE", "THIRD_PARTY.md")]
    files += [path for folder in ("core", "blender_addon") for path in sorted((ROOT / folder).rglob("*.py"))]
    files += [ROOT / "models" / "assets" / name for name in ASSETS] + [ROOT / "models" / name for name in TRAINED]
    return {path.relative_to(ROOT).as_posix(): path for path in files}


def write_zip(path: Path, python: str, target: str, wheels: list[Path]) -> None:
    """Write the zip aside and rename it once it is complete."""
    aside = path.with_suffix(".part")
    with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        def add(name: str, data: bytes, stored: bool = False) -> None:
            entry = zipfile.ZipInfo(name, FIXED_TIME)
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data, zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED)

        add("blender_manifest.toml", manifest(python, target, wheels).encode())
        for name, source in package_files().items():
            add(name, source.read_bytes(), stored=name.endswith(".npz"))
        for wheel in wheels:
            add(f"wheels/{wheel.name}", wheel.read_bytes(), stored=True)
    os.replace(aside, path)


def validate(path: Path) -> bool:
    """Have Blender's own tool check the zip; False where the bpy module is not installed.

    Raises:
        BuildError: the tool refuses it.
    """
    inside = "lib/python*/site-packages/bpy/*/scripts/addons_core/bl_pkg/cli/blender_ext.py"
    tools = sorted(Path(sys.prefix).glob(inside))
    if not tools:
        return False
    command = [sys.executable, str(tools[-1]), "validate", str(path)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    if result.returncode:
        raise BuildError(f"Blender refuses {path.name}: {(result.stdout + result.stderr).strip()}")
    return True


def build(python: str, target: str, folder: Path) -> Path:
    """Build and check the zip; returns its path.

    Raises:
        BuildError: something it needs is missing.
    """
    if target not in WHEEL_TAGS:
        raise BuildError(f"There are no wheels for the platform {target}: choose from {', '.join(WHEEL_TAGS)}.")
    package_files()
    wheels = fetch_wheels(python, target)
    version = tomllib.loads((ROOT / "blender_manifest.toml").read_text("utf-8"))["version"]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"furrow-{version}-{target}-py{python.replace('.', '')}.zip"
    write_zip(path, python, target, wheels)
    validate(path)
    return path


def main() -> int:
    """Command line; exit status 2 with one line when something is missing."""
    parser = argparse.ArgumentParser(description="Build the Blender extension.")
    parser.add_argument("--python", default=f"{sys.version_info.major}.{sys.version_info.minor}")
    parser.add_argument("--platform", default=this_platform(), dest="target")
    parser.add_argument("-o", "--output", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    try:
        path = build(options.python, options.target, options.output)
    except BuildError as error:
        print(f"build_addon: {error}", file=sys.stderr)
        return 2
    print(f"wrote {path} ({path.stat().st_size / 1e6:.0f} MB)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
