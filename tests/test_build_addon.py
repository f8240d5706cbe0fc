"""The extension bundles the wheels that were recorded, and every model that is built."""

import importlib.util
import re
from pathlib import Path

import pytest
from furrow.models.build import STEPS

ROOT = Path(__file__).resolve().parents[1]
_spec = importlib.util.spec_from_file_location("build_addon", ROOT / "build_addon.py")
build_addon = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(build_addon)


def recorded() -> dict[str, str]:
    return build_addon.tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["furrow"]["wheels"]


def test_a_wheel_of_another_content_or_name_is_refused(tmp_path):
    name = next(iter(recorded()))
    (tmp_path / name).write_bytes(b"something else")
    with pytest.raises(build_addon.BuildError, match="not the file that was pinned"):
        build_addon.checked(tmp_path / name)
    other = tmp_path / "scipy-9.9.9-cp311-cp311-win_amd64.whl"
    other.write_bytes(b"x")
    with pytest.raises(build_addon.BuildError, match="no sha256"):
        build_addon.checked(other)


@pytest.mark.parametrize("python", list(build_addon.BLENDER_OF_PYTHON))
@pytest.mark.parametrize("system", ["manylinux", "win_amd64", "macosx"])
def test_every_zip_has_a_recorded_wheel_of_each_package(python, system):
    tag = f"cp{python.replace('.', '')}"
    for package, version in build_addon.pinned_versions().items():
        start = f"{package.replace('-', '_')}-{version}-"
        fitting = [n for n in recorded() if n.startswith(start) and system in n and (tag in n or "abi3" in n)]
        assert len(fitting) == 1 and re.fullmatch("[0-9a-f]{64}", recorded()[fitting[0]])


def test_what_is_bundled_is_what_is_built():
    assert sorted(build_addon.ASSETS) == sorted(name for step in STEPS for name in step.files)
