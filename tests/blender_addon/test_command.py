"""The commands behind `furrow blend` and `furrow render`, and the coordinates that the materials draw with."""

import subprocess
import sys

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import scene  # noqa: E402, F401
from furrow.blender_addon import command  # noqa: E402
from furrow.blender_addon.head import portrait  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.materials.mouth import LASH, LOWER_LASH  # noqa: E402
from furrow.blender_addon.scene.mesh_objects import get_attribute  # noqa: E402
from furrow.core.character.file import save_character  # noqa: E402
from furrow.core.errors import OutputError  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401
from helpers import traps  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")


@pytest.fixture
def character(assets):
    return mean_character(assets)


def test_blend_is_written_whole_and_renders(character, tmp_path, capfd):
    source, blend = tmp_path / "mean.furrow", tmp_path / "mean.blend"
    save_character(character, source)
    assert command.main(["blend", str(source), str(blend)]) == 0
    assert [p.name for p in tmp_path.iterdir() if p.suffix not in (".furrow", ".blend")] == []
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    assert bpy.context.scene.camera is not None and bpy.context.scene.render.engine == "CYCLES"
    assert len([o for o in bpy.data.objects if o.type == "LIGHT"]) == 3


def test_blend_runs_nothing_of_the_current_folder(character, tmp_path):
    traps(tmp_path)
    save_character(character, tmp_path / "mean.furrow")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "furrow", "blend", "mean.furrow", "-o", "mean.blend"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0 and done.stdout == "wrote mean.blend\n", done.stdout + done.stderr
    assert (tmp_path / "mean.blend").stat().st_size > 100_000
    assert not list(tmp_path.glob("*.ran"))


def test_render_shows_a_head_in_the_middle_of_the_picture(character, tmp_path, monkeypatch):
    made = build_head(character)
    portrait.add_studio(bpy.context.scene, made)
    portrait.set_render(bpy.context.scene, samples=1)
    bpy.context.scene.cycles.use_denoising = False
    bpy.context.scene.render.resolution_percentage = 15
    for item in made.parts.values():
        for modifier in item.modifiers:
            if modifier.type == "SUBSURF":
                modifier.render_levels = 0
    (path,) = portrait.render_shots(made, tmp_path, bpy.context.scene, ("neutral",))
    image = bpy.data.images.load(str(path))
    width, height = image.size
    pixels = np.empty(width * height * 4, np.float32)
    image.pixels.foreach_get(pixels)
    pixels = pixels.reshape(height, width, 4)[..., :3]
    warm = pixels[..., 0] - pixels[..., 2]  # the background is grey, the skin is not
    assert warm[height // 2, width // 2] > 0.05
    assert np.abs(warm[-2:]).max() < 0.02  # free space above the head
    assert np.abs(warm[height // 2, [0, -1]]).max() < 0.02


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["blend", "missing.furrow", "out.blend"], "missing.furrow"),
        (["render", "missing.blend", "folder"], "missing.blend"),
        (["render", "missing.furrow", "folder", "scowl"], "scowl"),
    ],
)
def test_bad_input_is_one_line_and_status_2(arguments, line, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    assert command.main(arguments) == 2
    message = [text for text in capfd.readouterr().err.splitlines() if text.startswith("furrow: ")]
    assert len(message) == 1 and line in message[0]
    assert list(tmp_path.iterdir()) == []


def test_output_that_cannot_be_written_is_an_output_error(character, tmp_path):
    with pytest.raises(OutputError, match="Cannot write"):
        command.save_blend(character, tmp_path / "nowhere" / "out.blend")


def test_lashes_run_from_root_to_tip(character):
    made = build_head(character)
    lashes = get_attribute(made.parts["lashes"].data, LASH)
    assert lashes[:, 1].min() == 0.0 and lashes[:, 1].max() == 1.0
    assert set(np.unique(lashes[:, 2]).tolist()) == {1.0, LOWER_LASH}
