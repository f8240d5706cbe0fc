"""The fine skin in Blender: images kept exactly, shared tiles, and the heights that the shader really computes."""

from dataclasses import replace

import bpy
import numpy as np
import pytest
from blender_helpers import bake_emission, scene  # noqa: F401
from furrow.blender_addon import names
from furrow.blender_addon.head.build_head import build_head
from furrow.blender_addon.materials.fine_skin import TILES_IMAGE, fine_skin_height, fine_skin_images
from furrow.blender_addon.materials.shading import new_material
from furrow.blender_addon.scene.images import packed_image
from furrow.core.wrinkles.fine_skin import (
    CREASE_FADE,
    ELONGATION,
    STRETCH_FADE,
    STRETCH_SHARE,
    TILES_FILE,
    load_tiles,
    region_weights,
    tile_repeats,
)
from furrow.models.evaluation.made_up import mean_character  # noqa: F401

SIZE = 64
GAIN = 4000.0  # emission per metre of height


def pixels(image):
    """(H, W, 4) float32, row 0 at the top."""
    values = np.empty(image.size[0] * image.size[1] * 4, np.float32)
    image.pixels.foreach_get(values)
    return values.reshape(image.size[1], image.size[0], 4)[::-1]


def test_two_characters_share_the_tiles_and_keep_their_own_regions(scene, assets):  # noqa: F811
    first, second = mean_character(assets, "A"), mean_character(assets, "B")
    build_head(first)
    build_head(second)
    assert [i.name for i in bpy.data.images if i.name.startswith(TILES_IMAGE)] == [TILES_IMAGE]
    skin = fine_skin_images(first)
    heights = (pixels(skin.tiles) - 0.5) * skin.scale
    np.testing.assert_allclose(heights.transpose(2, 0, 1), load_tiles(assets / TILES_FILE), atol=1e-5)
    kept = pixels(bpy.data.images["B Skin Regions"])
    np.testing.assert_allclose(kept * 255, region_weights(second.topology, len(kept)), atol=0.01)
    assert skin.repeats == tile_repeats(first.topology, first.neutral)


def shader_heights(skin, compression, stretch=0.0):
    """(SIZE, SIZE) mm that the nodes compute over the whole chart, baked by Cycles."""
    mesh = bpy.data.meshes.new("chart")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], [], [(0, 1, 2, 3)])
    layer = mesh.uv_layers.new(name=names.UV_MAP)
    layer.data.foreach_set("uv", [0, 0, 1, 0, 1, 1, 0, 1])
    weights = mesh.attributes.new(names.WRINKLES, "FLOAT_COLOR", "POINT")
    weights.data.foreach_set("color", [1.0, compression, 0.1, stretch] * 4)
    material, build, surface = new_material("heights")
    height = build.math("MULTIPLY_ADD", fine_skin_height(build, skin), GAIN, 0.5)
    build.set(surface.inputs["Base Color"], (0, 0, 0, 1))
    build.set(surface.inputs["Emission Color"], height)
    build.set(surface.inputs["Emission Strength"], 1.0)
    image = bpy.data.images.new("baked", SIZE, SIZE, float_buffer=True, is_data=True)
    target = build.node("ShaderNodeTexImage", image=image)
    material.node_tree.nodes.active = target
    mesh.materials.append(material)
    plane = bpy.data.objects.new("chart", mesh)
    bpy.context.scene.collection.objects.link(plane)
    bake_emission(plane)
    return (pixels(image)[..., 0] - 0.5) / GAIN / names.METRES


@pytest.mark.parametrize("compression", [0.0, 0.5, 1.7])
def test_shader_computes_tiles_times_weights_faded_by_compression(scene, assets, compression):  # noqa: F811
    skin = fine_skin_images(mean_character(assets))
    skin = replace(skin, repeats=1.0)  # one tile over the chart: smooth between samples
    found = shader_heights(skin, compression)
    weights = region_weights(mean_character(assets).topology, 512) / 255.0
    heights = (load_tiles(assets / TILES_FILE).transpose(1, 2, 0) * weights).sum(-1)
    expected = heights.reshape(SIZE, 8, SIZE, 8)[:, 3:5, :, 3:5].mean((1, 3))  # around the baked texels' centres
    expected *= 1.0 - CREASE_FADE * min(max(compression, 0.1), 1.0)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.9
    assert (found * expected).sum() / (expected**2).sum() == pytest.approx(1.0, abs=0.12)


@pytest.mark.parametrize("up", [True, False])
def test_stretch_draws_the_relief_out_along_the_pull(scene, assets, up):  # noqa: F811
    skin = fine_skin_images(mean_character(assets))
    pull = packed_image("pull", np.full((8, 8), 255 * up, np.uint8), colour=False)
    found = shader_heights(replace(skin, repeats=1.0, pull=pull), 0.0, 1.0)
    weights = region_weights(mean_character(assets).topology, 512) / 255.0
    tiles = load_tiles(assets / TILES_FILE).transpose(1, 2, 0)
    # the tile's lower left corner stays where it is: row 0 is v = 1
    chart = (np.arange(512) + 0.5) / 512
    v, u = 1.0 - chart, chart
    rows = ((1.0 - (v * ELONGATION if up else v)) * 512).astype(int) % 512
    columns = ((u if up else u * ELONGATION) * 512).astype(int) % 512
    drawn = (tiles[rows][:, columns] * weights).sum(-1)
    plain = (tiles * weights).sum(-1)
    expected = (1.0 - STRETCH_SHARE) * plain + STRETCH_SHARE * (1.0 - STRETCH_FADE) * drawn
    expected = expected.reshape(SIZE, 8, SIZE, 8)[:, 3:5, :, 3:5].mean((1, 3)) * (1.0 - 0.1 * CREASE_FADE)
    assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.85
    assert (found * expected).sum() / (expected**2).sum() == pytest.approx(1.0, abs=0.15)
