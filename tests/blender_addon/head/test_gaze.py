"""Where a head looks: at a camera, as its photo did, ahead; and in previews."""

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import addon, evaluated, scene, show_only  # noqa: E402, F401
from furrow.blender_addon.head import portrait  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.expressions import set_expression  # noqa: E402
from furrow.blender_addon.head.gaze import LOOK, apply_gaze, look_at  # noqa: E402
from furrow.core.character.presets import PHOTO  # noqa: E402
from furrow.core.head.eyeball import ball_centre  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402
from mathutils import Vector  # noqa: E402


def looks(made):
    """(2, 3) unit directions of the left and the right eye in the world, of what turned since rest."""
    show_only(made.parts["eyes"], "Armature")
    rest = np.array([v.co[:] for v in made.parts["eyes"].data.vertices])
    posed = np.array([v.co[:] for v in evaluated(made.parts["eyes"]).vertices])
    found = []
    for side in (rest[:, 0] > 0, rest[:, 0] <= 0):
        chosen = np.flatnonzero(side)[: 18 * 40]  # the ball, not the caruncle
        before, after = (p[chosen] - p[chosen].mean(0) for p in (rest, posed))
        moved = np.array([0.0, -1.0, 0.0]) @ np.linalg.lstsq(before, after, rcond=None)[0]
        found.append(moved / np.linalg.norm(moved))
    return np.array(found)


def weights(made):
    return {k.name: k.value for k in made.head.data.shape_keys.key_blocks if k.name.startswith(LOOK)}


@pytest.mark.parametrize("place", [(0.15, -0.8, 0.2), (-0.2, -0.7, 0.15), (0.0, -1.0, 0.25)])
def test_eyes_meet_at_a_place_of_the_world(scene, assets, place):  # noqa: F811
    made = build_head(mean_character(assets))
    made.armature.location.x += 0.4
    made.armature.rotation_euler.z = 0.1
    bpy.context.view_layer.update()
    target = made.armature.matrix_world.translation + Vector(place)
    look_at(made, target)
    points = np.array([v.co[:] for v in made.parts["eyes"].data.vertices])
    for seen, side in zip(looks(made), (points[:, 0] > 0, points[:, 0] <= 0)):
        wanted = made.armature.matrix_world.inverted() @ target - Vector(ball_centre(points[side]))
        assert np.degrees(np.arccos(min(seen @ np.array(wanted.normalized()), 1.0))) < 2.0


def test_previews_look_at_the_camera_but_the_photos_expression(scene, assets, tmp_path, monkeypatch):  # noqa: F811
    made = build_head(mean_character(assets))
    portrait.add_studio(scene, made)
    rendered = []

    class Render:
        @staticmethod
        def render(write_still):
            rendered.append(weights(made))

    blender = type("Blender", (), {"ops": type("Operators", (), {"render": Render}), "context": bpy.context})
    monkeypatch.setattr(portrait, "bpy", blender)
    portrait.render_shots(made, tmp_path, scene, ("smile", PHOTO))
    photo = made.collection["furrow_photo_expression"]
    assert rendered[0]["eyeLookOutLeft"] > 0.1  # the camera stands to the head's left
    assert rendered[1] == pytest.approx({name: photo[name] for name in rendered[1]}, abs=1e-6)


def test_choice_of_the_panel_holds_in_every_preset(addon, assets):  # noqa: F811
    made = build_head(mean_character(assets))
    photo = made.collection["furrow_photo_expression"]
    wanted = {name: photo[name] for name in weights(made)}
    made.collection.furrow.gaze = "PHOTO"
    assert weights(made) == pytest.approx(wanted, abs=1e-6)
    assert bpy.ops.furrow.preset(preset="smile") == {"FINISHED"}
    assert weights(made) == pytest.approx(wanted, abs=1e-6)
    made.collection.furrow.gaze = "AHEAD"
    assert not any(weights(made).values())
    made.collection.furrow.gaze = "EXPRESSION"
    set_expression(made.head, {"eyeLookUpLeft": 0.5})
    apply_gaze(made.collection, "EXPRESSION")
    assert weights(made)["eyeLookUpLeft"] == 0.5
