"""Materials of teeth and eyes: what they show of the tone and the size that the photo told."""

import dataclasses

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

from blender_helpers import bake_emission, scene  # noqa: E402, F401
from furrow.blender_addon import names  # noqa: E402
from furrow.blender_addon.head import portrait  # noqa: E402
from furrow.blender_addon.head.build_head import build_head, iris_angle  # noqa: E402
from furrow.blender_addon.head.expressions import set_expression  # noqa: E402
from furrow.blender_addon.materials import eye  # noqa: E402
from furrow.blender_addon.materials.mouth import ENAMEL, GUM, TOOTH, TOOTH_WIDTH, teeth_material  # noqa: E402
from furrow.blender_addon.scene import mesh_objects  # noqa: E402
from furrow.core.character.presets import PRESETS  # noqa: E402
from furrow.core.image.colour import srgb_to_linear  # noqa: E402
from furrow.models.evaluation.made_up import mean_character  # noqa: E402, F401
from mathutils import Vector  # noqa: E402

pytestmark = pytest.mark.usefixtures("scene")


def emitted(material, mesh_place):
    """Linear colour (3,) that goes into a material's base colour, baked at the only point of a small plane."""
    bpy.ops.mesh.primitive_plane_add(size=0.001)
    plane = bpy.context.object
    tree = material.node_tree
    surface = next(n for n in tree.nodes if n.bl_idname == "ShaderNodeBsdfPrincipled")
    glow, out = tree.nodes.new("ShaderNodeEmission"), tree.nodes.new("ShaderNodeOutputMaterial")
    tree.links.new(surface.inputs["Base Color"].links[0].from_socket, glow.inputs["Color"])
    tree.links.new(glow.outputs[0], out.inputs["Surface"])
    out.is_active_output = True
    image = bpy.data.images.new("baked", 4, 4, float_buffer=True)
    target = tree.nodes.new("ShaderNodeTexImage")
    target.image = image
    tree.nodes.active = target
    plane.data.materials.append(material)
    mesh_place(plane.data)
    bake_emission(plane)
    return np.array(image.pixels[:]).reshape(-1, 4)[:, :3].mean(0)


def at_tooth(along, height):
    place = np.tile([along, height, 0.0], (4, 1))
    return lambda mesh: mesh_objects.set_attribute(mesh, TOOTH, place)


def test_teeth_have_the_tone_of_the_photo():
    """At the biting edge, in the middle of a tooth; gums stay as they are."""
    middle = 0.5 * TOOTH_WIDTH
    colour = np.array([0.85, 0.78, 0.66])
    seen = emitted(teeth_material("Seen", colour), at_tooth(middle, 0.0))
    np.testing.assert_allclose(seen, srgb_to_linear(colour), atol=0.02)
    usual = emitted(teeth_material("Usual"), at_tooth(middle, 0.0))
    np.testing.assert_allclose(usual, ENAMEL[:3], atol=0.02)
    gums = [emitted(teeth_material("Gum", tone), at_tooth(middle, 14.0)) for tone in (colour, None)]
    np.testing.assert_allclose(*gums, atol=1e-4)
    np.testing.assert_allclose(gums[0], GUM[:3], atol=0.02)


def test_irises_lie_where_landmarks_have_them(assets, model):
    """The pole of the eye map, from which the iris is drawn, against the model's iris landmarks: within 0.7 mm."""
    mesh = build_head(mean_character(assets)).parts["eyes"].data
    place = np.array([item.vector[:] for item in mesh.uv_layers[names.EYE_MAP].uv]) - 0.5
    points = np.array([mesh.vertices[loop.vertex_index].co[:] for loop in mesh.loops])
    marks = names.to_blender(model.landmarks(model.mean.astype(float)))
    for index, side in ((468, -1), (473, 1)):
        near = (points[:, 0] * side > 0) & (np.linalg.norm(place, axis=1) < 0.12)
        to_pole = np.linalg.lstsq(np.column_stack([place[near], np.ones(near.sum())]), points[near], rcond=None)[0][2]
        assert np.linalg.norm((to_pole - marks[index])[[0, 2]]) < 0.0007


def at_angle(radians):
    def place(mesh):
        layer = mesh.uv_layers.new(name=names.EYE_MAP, do_init=False)
        layer.uv.foreach_set("vector", np.tile([0.5 + radians / (2 * np.pi), 0.5], (4, 1)).astype(np.float32).ravel())
        mesh.uv_layers.active = mesh.uv_layers[0]

    return place


def test_iris_is_as_large_as_in_people(assets):
    """White outside and colour inside the edge, which lies half of 11.7 mm from the axis on the eyeball."""
    character = mean_character(assets)
    eyes = character.neutral[character.topology.part_slice("eyes")].astype(float)
    radius = 0.5 * np.ptp(eyes[eyes[:, 0] > 0][:, 1])
    angle = iris_angle(character)
    assert radius * np.sin(angle) == pytest.approx(0.5 * 11.7, rel=0.12)  # the ball is no exact sphere
    wider = iris_angle(dataclasses.replace(character, iris_diameter=12.5))
    assert np.sin(wider) / np.sin(angle) == pytest.approx(12.5 / 11.7)
    white, blue = (
        emitted(eye.eye_material("Eye", np.array([0.1, 0.2, 0.5]), angle), at_angle(angle * share))
        for share in (1.12, 0.8)
    )
    assert white.min() > 0.35 and blue[2] > 2 * blue[0] and blue.max() < 0.5


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
