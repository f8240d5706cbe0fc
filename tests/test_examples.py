"""The examples do what they say."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from face_fixtures import portrait
from furrow.core.character.file import load_character, save_character
from furrow.models.evaluation.made_up import mean_character
from PIL import Image

EXAMPLES = Path(__file__).parents[1] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def photo(assets, tmp_path):
    (tmp_path / "photos").mkdir()
    path = tmp_path / "photos" / "astronaut.png"
    Image.fromarray(portrait()).save(path)
    return path


def test_every_example_is_run_here():
    tests = Path(__file__).read_text("utf-8")
    assert all(f'example("{path.stem}")' in tests for path in EXAMPLES.glob("*.py"))


def test_photo_to_blender(photo, tmp_path):
    pytest.importorskip("bpy")
    said = example("photo_to_blender").main(str(photo), str(tmp_path / "head.blend"))
    assert said.startswith("astronaut: ")
    assert (tmp_path / "head.blend").stat().st_size > 100_000
    assert load_character(tmp_path / "head.furrow").name == "astronaut"


def test_the_first_example_has_about_twenty_lines():
    lines = (EXAMPLES / "photo_to_blender.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 22


def test_batch_goes_on_after_a_photo_that_cannot_be_used(photo, tmp_path):
    (photo.parent / "notes.jpg").write_text("no photo")
    lines = example("batch").main(str(photo.parent), str(tmp_path / "heads"))
    assert [path.name for path in (tmp_path / "heads").glob("*.furrow")] == ["astronaut.furrow"]
    assert any(line.startswith("notes: notes.jpg is not a photo") for line in lines) and len(lines) == 2


def test_engine_bake(assets, tmp_path):
    save_character(mean_character(assets), tmp_path / "mean.furrow")
    displacement = example("engine_bake").main(str(tmp_path / "mean.furrow"), str(tmp_path / "bake"))
    assert displacement.shape == (1024, 1024) and np.ptp(displacement) > 0.2
    assert (tmp_path / "bake" / "bake.json").is_file() and (tmp_path / "bake" / "smile.png").is_file()
