"""Materials of teeth and eyes: what they show of the tone and the size that the photo told."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import portrait  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.head.expressions import set_expression  # noqa: E402
from furrow.core.character.presets import PRESETS  # noqa: E402
from furrow.core.head.eyeball import ball_centre  # noqa: E402
from furrow.core.image.colour import srgb_to_linear  # noqa: E402
from furrow.core.texture.completion import MUCOSA  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401
from mathutils import Vector  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")


def test_irises_lie_where_landmarks_have_them(assets, model):
    """The pole of the eye map, from which the iris is drawn, against the model's iris landmarks: within 0.75 mm."""
    mesh = build_head(mean_character(assets)).parts["eyes"].data
    place = np.array([item.vector[:] for item in mesh.uv_layers[names.UV_MAP].uv]) - 0.5
    points = np.array([mesh.vertices[loop.vertex_index].co[:] for loop in mesh.loops])
    marks = names.to_blender(model.landmarks(model.mean.astype(float)))
    for index, side in ((468, -1), (473, 1)):
        near = (points[:, 0] * side > 0) & (np.linalg.norm(place, axis=1) < 0.12)
        to_pole = np.linalg.lstsq(np.column_stack([place[near], np.ones(near.sum())]), points[near], rcond=None)[0][2]
        assert np.linalg.norm((to_pole - marks[index])[[0, 2]]) < 0.00075


def test_iris_is_as_large_as_in_people(assets):
    """The iris of the picture and the edge of the sunken disc agree, half of 11.7 mm from the axis."""
    character = mean_character(assets)
    for wanted in (11.7, 12.5):
        made = build_head(dataclasses.replace(character, iris_diameter=wanted))
        picture = image_of(made, "eyes")
        share = (picture[len(picture) // 2, :, 2] < 0.4).mean()  # of the ball's width
        eyes = character.neutral[character.topology.part_slice("eyes")].astype(float)
        left = eyes[eyes[:, 0] > 0]
        across = 2.0 * np.linalg.norm(left - ball_centre(left), axis=1).mean()
        assert share * across == pytest.approx(wanted, rel=0.08)  # the ball is no exact sphere


def image_of(made, part):
    """(h, w, 4) values of the picture that goes into the base colour of a part's first material, row 0 at the top."""
    nodes = made.parts[part].data.materials[0].node_tree.nodes
    image = next(n.image for n in nodes if n.bl_idname == "ShaderNodeTexImage")
    assert image.packed_file is not None and image.colorspace_settings.name == "sRGB"
    values = np.empty(4 * image.size[0] * image.size[1], np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], 4)[::-1]


def test_eyes_teeth_and_tongue_have_pictures_that_exporters_find(assets):
    """The base colour of each comes from a packed image by the only UV map; teeth and tongue take it as it is."""
    made = build_head(mean_character(assets))
    for part in ("eyes", "teeth", "tongue"):
        picture = image_of(made, part)
        assert picture[..., :3].std() > 0.02 and np.median(picture[..., :3].max(-1)) > 0.3
    for part in ("teeth", "tongue"):
        surface = made.parts[part].data.materials[0].node_tree.nodes["Principled BSDF"]
        assert surface.inputs["Base Color"].links[0].from_node.bl_idname == "ShaderNodeTexImage"


def test_cornea_refracts_in_cycles_and_lets_light_through(assets):
    made = build_head(mean_character(assets))
    wet = made.parts[names.WET]
    cornea, tears = wet.data.materials
    outputs = {n.target: n for n in cornea.node_tree.nodes if n.bl_idname == "ShaderNodeOutputMaterial"}
    assert set(outputs) == {"CYCLES", "EEVEE"}
    glass = next(n for n in cornea.node_tree.nodes if n.bl_idname == "ShaderNodeBsdfGlass")
    assert glass.inputs["IOR"].default_value == pytest.approx(1.376)
    for material in (cornea, tears):
        surface = next(n for n in material.node_tree.nodes if n.bl_idname == "ShaderNodeBsdfPrincipled")
        assert surface.inputs["Alpha"].default_value < 0.1 and material.surface_render_method == "BLENDED"


def test_open_mouth_is_no_black_hole(assets):
    """The cheeks' insides, the tongue and the gums in linear light: pink, far from black."""
    character = mean_character(assets)
    made = build_head(character)
    for part in ("teeth", "tongue"):
        picture = srgb_to_linear(image_of(made, part)[..., :3])
        assert np.quantile(picture[..., 0], 0.02) > 0.05
    assert np.exp(MUCOSA)[0] > 0.35 and np.exp(MUCOSA)[0] > 2.0 * np.exp(MUCOSA)[1]


def test_studio_lights_the_teeth_of_a_grin(assets):
    """Of what a viewer in front sees of the incisors, much sees the key light: the upper lip does not shade it all
    (a key 40 degrees up reaches a seventh of it)."""
    character = mean_character(assets)
    made = build_head(character)
    studio = bpy.context.scene
    portrait.add_studio(studio, made)
    set_expression(made.head, PRESETS["grin"])
    depsgraph = bpy.context.evaluated_depsgraph_get()
    depsgraph.update()
    teeth = names.to_blender(character.neutral[character.topology.part_slice("teeth")])
    key = bpy.data.objects["Key Light"].location
    lit = []
    for x, z in np.stack(np.meshgrid(np.linspace(-0.01, 0.01, 11), np.arange(-0.02, 0.02, 0.0005)), -1).reshape(-1, 2):
        start = made.armature.matrix_world @ Vector((x, -0.5, float(teeth[:, 2].mean()) + z))
        hit, place, *_, item, _ = studio.ray_cast(depsgraph, start, (0.0, 1.0, 0.0))
        if hit and item.name == made.parts["teeth"].name:
            place = place + 1e-4 * (key - place).normalized()
            lit.append(not studio.ray_cast(depsgraph, place, key - place)[0])
    assert len(lit) > 50 and np.mean(lit) > 0.35
