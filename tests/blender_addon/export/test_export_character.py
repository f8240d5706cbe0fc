"""Exports written, read back into an empty scene and compared; what they leave of the artist's scene."""

import dataclasses
import json
import struct
from pathlib import Path

import numpy as np
import pytest

bpy = pytest.importorskip("bpy")

import furrow  # noqa: E402
import furrow.blender_addon.export.export_character as exporting  # noqa: E402
from furrow.blender_addon import command  # noqa: E402
from furrow.blender_addon.export.export_character import export_character  # noqa: E402
from furrow.blender_addon.export.settings import ExportSettings  # noqa: E402
from furrow.blender_addon.head.build_head import build_head  # noqa: E402
from furrow.blender_addon.scene.fingerprint import fingerprint  # noqa: E402
from furrow.blender_addon.scene.shape_keys import key_coordinates  # noqa: E402
from furrow.core.character.file import save_character  # noqa: E402
from furrow.core.errors import FurrowError, OutputError  # noqa: E402
from furrow.core.mesh.subdivision import limit_matrix  # noqa: E402
from furrow.models.evaluation.made_up import ARKIT  # noqa: E402
from painted_brows import browed_character  # noqa: E402
from scipy.spatial import cKDTree  # noqa: E402

CLOSE = 1e-5  # metres: a hundredth of a millimetre
PARTS = ("Head", "Eyes", "CorneaTears", "Teeth", "Tongue")
HAIR = ("Brows", "LashHair")
SMALL = {"wrinkle_size": 64, "strands": 400}
# format, target, level, hair, wrinkles
EXPORTS = {
    "unity.glb": ExportSettings("GLB", "UNITY", 1, "HAIR", wrinkles=True, **SMALL),
    "blender.glb": ExportSettings("GLB", "BLENDER", 0, "PAINTED", wrinkles=False, **SMALL),
    "unreal.fbx": ExportSettings("FBX", "UNREAL", 0, "HAIR", wrinkles=True, **SMALL),
    "blender.fbx": ExportSettings("FBX", "BLENDER", 0, "NONE", wrinkles=False, **SMALL),
    "unity.usdc": ExportSettings("USD", "UNITY", 0, "HAIR", wrinkles=False, **SMALL),
    "unreal.abc": ExportSettings("ABC", "UNREAL", 0, "HAIR", wrinkles=False, **SMALL),
}
DATA = ("scenes", "objects", "meshes", "armatures", "materials", "images", "collections", "shape_keys", "hair_curves",
        "node_groups", "actions")  # fmt: skip


def empty_scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)


def state(collection):
    """What an artist would notice."""
    context = bpy.context
    data = {kind: sorted((i.name, i.users) for i in getattr(bpy.data, kind)) for kind in DATA}
    chosen = sorted(o.name for o in context.view_layer.objects if o.select_get())
    keys = [k.value for o in collection.objects if getattr(o.data, "shape_keys", None)
            for k in o.data.shape_keys.key_blocks]  # fmt: skip
    shown = [(o.name, o.hide_viewport, o.hide_render, tuple(map(tuple, o.matrix_world))) for o in collection.objects]
    return (fingerprint(collection), data, chosen, context.mode, context.object.name, context.scene.name,
            context.window.scene.name, context.scene.frame_current, keys, shown)  # fmt: skip


@pytest.fixture(scope="module")
def exported(assets, tmp_path_factory):
    """Every export of one character in a scene that an artist is working in, and what the head is."""
    folder = tmp_path_factory.mktemp("exports")
    empty_scene()
    rough = np.random.default_rng(0).integers(60, 200, (256, 256), np.uint8)
    character = dataclasses.replace(browed_character(assets, size=256), name="Ann Lee", roughness=rough)
    made = build_head(character)
    made.armature.location, made.armature.rotation_euler = (1.0, 2.0, 0.5), (0.0, 0.0, 0.4)
    made.head.data.shape_keys.key_blocks["jawOpen"].value = 0.3
    bpy.data.objects.new("SK_Ann_Lee_Head", None)  # an artist's own object has a name that the export wants
    bpy.context.view_layer.objects.active = made.armature
    bpy.ops.object.mode_set(mode="POSE")
    made.armature.pose.bones["jaw"].location = (0.0, 0.002, 0.0)
    bpy.context.view_layer.update()
    before = state(made.collection)
    files = {name: export_character(made.collection, folder / name, s) for name, s in EXPORTS.items()}
    after = state(made.collection)
    cage = key_coordinates(made.head.data.shape_keys.key_blocks[0])
    keys = {k.name: key_coordinates(k) - cage for k in made.head.data.shape_keys.key_blocks[1:]}
    bones = {b.name: np.array(b.head_local) for b in made.armature.data.bones}
    topology = character.topology
    matrix = limit_matrix(topology.part_faces("head"), len(cage))
    weights = topology.skin_weights[topology.part_slice("head")]
    bpy.ops.object.mode_set(mode="OBJECT")
    empty_scene()
    return {"folder": folder, "files": files, "before": before, "after": after, "cage": cage, "keys": keys,
            "bones": bones, "limit": matrix, "weights": weights}  # fmt: skip


def read_back(exported, name):
    """Objects of a file in an empty scene, by the end of their names."""
    empty_scene()
    path = str(exported["folder"] / name)
    if name.endswith(".glb"):
        bpy.ops.import_scene.gltf(filepath=path)
    elif name.endswith(".fbx"):
        bpy.ops.import_scene.fbx(filepath=path)
    elif name.endswith(".usdc"):
        bpy.ops.wm.usd_import(filepath=path)
    else:
        bpy.ops.wm.alembic_import(filepath=path)
    bpy.context.view_layer.update()
    return {o.name: o for o in bpy.data.objects}


def part(objects, name):
    return next(o for title, o in objects.items() if title.replace("_", " ").endswith(f"Lee {name}"))


def world(made, vectors, direction=False):
    matrix = np.array(made.matrix_world)
    return vectors @ matrix[:3, :3].T + (0.0 if direction else matrix[:3, 3])


def world_keys(made):
    """Basis (n, 3) and key name to displacements, metres in the world."""
    blocks = made.data.shape_keys.key_blocks
    basis = key_coordinates(blocks[0])
    return world(made, basis), {k.name: world(made, key_coordinates(k) - basis, True) for k in blocks[1:]}


def test_scene_is_as_it_was(exported):
    assert exported["before"] == exported["after"]
    assert not [p for p in exported["folder"].iterdir() if p.name.startswith(".")]


@pytest.mark.parametrize("name", [n for n in EXPORTS if not n.endswith(".abc")])
def test_head_has_all_keys_to_a_hundredth_of_a_millimetre(exported, name):
    head = part(read_back(exported, name), "Head")
    points, keys = world_keys(head)
    assert [k for k in keys if k in ARKIT] and set(keys) == set(ARKIT)
    limit = 1.0 if "blender" in name else exported["limit"]
    rest = limit * exported["cage"]
    near = cKDTree(points).query(rest, 6)  # files may split vertices; some lie in one place
    fine = EXPORTS[name].level > 0
    assert near[0][:, 0].max() < CLOSE
    for key, delta in exported["keys"].items():
        error = np.linalg.norm(keys[key][near[1]] - (limit * delta)[:, None], axis=2)
        error[near[0] > CLOSE] = np.inf
        assert error.min(1).max() < CLOSE, key
    assert (len(points) > 3 * len(rest)) == fine


@pytest.mark.parametrize("name", [n for n in EXPORTS if not n.endswith(".abc")])
def test_bones_weights_and_every_part(exported, name):
    objects = read_back(exported, name)
    rig = next(o for o in objects.values() if o.type == "ARMATURE")
    dots = EXPORTS[name].to.dots
    bones = {(b if dots else b.replace(".", "_")): place for b, place in exported["bones"].items()}
    found = {b.name: world(rig, np.array(b.head_local)) for b in rig.data.bones}
    assert set(found) == set(bones)
    for bone, place in bones.items():
        assert np.abs(found[bone] - place).max() < 1e-5, bone
    more = {"HAIR": HAIR, "PAINTED": ("Lashes",), "NONE": ()}[EXPORTS[name].hair]
    wanted = ("Head",) if name.endswith(".usdc") else (*PARTS, *more)
    for title in wanted:
        made = part(objects, title)
        assert set(made.vertex_groups.keys()) <= set(bones) and made.find_armature() == rig, title
        assert {k.name for k in made.data.shape_keys.key_blocks[1:]} == set(ARKIT), title
        assert all(v.groups for v in made.data.vertices), title


def test_lash_plates_lie_at_the_eyes(exported):
    objects = read_back(exported, "blender.glb")  # hidden in the artist's scene, where hair stands for them
    lashes, eyes = (world_keys(part(objects, name))[0] for name in ("Lashes", "Eyes"))
    assert cKDTree(eyes).query(lashes)[0].max() < 0.012


def images_of(made):
    found = []
    for material in made.data.materials:
        nodes = material.node_tree.nodes if material.node_tree else ()
        found.append([n.image for n in nodes if n.bl_idname == "ShaderNodeTexImage" and n.image])
    return found


@pytest.mark.parametrize("name", [n for n in EXPORTS if not n.endswith(".abc")])
def test_materials_have_their_images(exported, name):
    objects = read_back(exported, name)
    skin, *others = images_of(part(objects, "Head"))
    assert len(set(skin)) == 3
    if name.endswith(".usdc"):  # one mesh: eyes, caruncle, cornea, tears, teeth, tongue
        assert [len(found) for found in others] == [1, 0, 0, 0, 1, 1]
    else:
        assert not others and all(images_of(part(objects, title))[0] for title in ("Eyes", "Teeth", "Tongue"))
    for image in bpy.data.images:
        if image.name != "Render Result":
            pixels = np.array(image.pixels[:]).reshape(-1, 4)
            assert image.has_data and pixels[:, :3].max() > 0.05, image.name
    for image in skin:
        assert np.array(image.pixels[:]).reshape(-1, 4)[:, :3].std() > 0.004, image.name


@pytest.mark.parametrize("name", ["unity.glb", "unreal.fbx"])
def test_hair_mesh_follows_the_brow(exported, name):
    objects = read_back(exported, name)
    skin, keys = world_keys(part(objects, "Head"))
    brows, moved = world_keys(part(objects, "Brows"))
    distance, nearest = cKDTree(skin).query(brows)
    roots = distance < np.quantile(distance, 0.15)
    error = np.linalg.norm(moved["browInnerUp"] - keys["browInnerUp"][nearest], axis=1)[roots]
    assert np.linalg.norm(moved["browInnerUp"], axis=1).max() > 0.003
    assert np.median(error) < 4e-4
    colours = part(objects, "Brows").data.color_attributes
    assert len(colours) == 1 and part(objects, "Brows").data.uv_layers


def test_curves_stay_curves(exported):
    for name in ("unity.usdc", "unreal.abc"):
        objects = read_back(exported, name)
        assert sum(o.type in ("CURVES", "CURVE") for o in objects.values()) >= 2, name


def test_wrinkles_lie_beside_the_file_and_extras_name_them(exported):
    data = (exported["folder"] / "unity.glb").read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    described = json.loads(data[20 : 20 + length])
    (extras,) = [m["extras"]["furrow_wrinkles"] for m in described["meshes"] if m["extras"].keys() > {"targetNames"}]
    folder = exported["folder"] / extras["folder"]
    masks = {}
    for expression in extras["expressions"].values():
        assert (folder / expression["map"]).is_file()
        masks |= expression["masks"]
    assert set(masks) <= set(ARKIT) and len(masks) > 40
    assert all((folder / place.split("#")[0]).is_file() for place in masks.values())
    assert "bake.json" in (folder / "README.txt").read_text()
    assert (exported["folder"] / "unreal_wrinkles" / "README.txt").is_file()


def test_unreal_gets_its_names_and_unit(exported):
    objects = read_back(exported, "unreal.fbx")
    assert "SK_Ann_Lee_Head" in objects and "Armature" in objects
    assert "M_Ann_Lee_Skin" in bpy.data.materials
    assert {p.name for p in (exported["folder"] / "unreal_textures").glob("*Skin*")} == {
        f"T_Ann_Lee_Skin_{kind}.png" for kind in ("BC", "N", "R")
    }
    data = (exported["folder"] / "unreal.fbx").read_bytes()
    assert str(exported["folder"]).encode() + b"/.furrow" not in data


def test_failure_leaves_nothing(assets, tmp_path, monkeypatch):
    empty_scene()
    made = build_head(browed_character(assets, size=256))
    before = state(made.collection)
    (tmp_path / "a.glb").write_bytes(b"old")

    def fails(*_arguments):
        raise OutputError("the disk is full")

    monkeypatch.setattr(exporting, "write_scene", fails)
    with pytest.raises(OutputError, match="disk"):
        export_character(made.collection, tmp_path / "a.glb", ExportSettings(wrinkles=False))
    assert [p.name for p in tmp_path.iterdir()] == ["a.glb"] and (tmp_path / "a.glb").read_bytes() == b"old"
    assert state(made.collection) == before
    with pytest.raises(OutputError, match="no folder"):
        export_character(made.collection, tmp_path / "nowhere" / "a.glb", ExportSettings())
    bpy.ops.preferences.addon_disable(module="io_scene_fbx")
    try:
        with pytest.raises(FurrowError, match="add-on 'FBX format'"):
            export_character(made.collection, tmp_path / "a.fbx", ExportSettings("FBX"))
    finally:
        bpy.ops.preferences.addon_enable(module="io_scene_fbx")
    bpy.data.objects.remove(made.head)
    with pytest.raises(FurrowError, match="lost its head"):
        export_character(made.collection, tmp_path / "a.glb", ExportSettings())


def test_linked_character_is_refused_in_a_line(assets, tmp_path):
    empty_scene()
    made = build_head(browed_character(assets, size=256))
    name = made.collection.name
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "library.blend"))
    empty_scene()
    with bpy.data.libraries.load(str(tmp_path / "library.blend"), link=True) as (_, wanted):
        wanted.collections = [name]
    bpy.context.scene.collection.children.link(bpy.data.collections[name])
    with pytest.raises(FurrowError, match="linked from another file"):
        export_character(bpy.data.collections[name], tmp_path / "a.glb", ExportSettings())
    assert {p.name for p in tmp_path.iterdir()} == {"library.blend"}


def test_command_writes_the_file(assets, tmp_path):
    save_character(browed_character(assets, size=256), tmp_path / "a.furrow")
    chosen = {"format": "GLB", "hair": "NONE", "wrinkles": False}
    assert command.main(["engine", str(tmp_path / "a.furrow"), str(tmp_path / "a.glb"), json.dumps(chosen)]) == 0
    assert {p.name for p in tmp_path.iterdir()} == {"a.furrow", "a.glb"}


def test_operator_writes_what_its_properties_say(assets, tmp_path):
    empty_scene()
    furrow.register()
    try:
        build_head(browed_character(assets, size=256))
        bpy.ops.furrow.export_for_engine(filepath=str(tmp_path / "x.glb"), format="FBX", hair="NONE", wrinkles=False)
        assert {p.name for p in tmp_path.iterdir()} == {"x.fbx", "x_textures"}
        with pytest.raises(RuntimeError, match="no folder"):
            bpy.ops.furrow.export_for_engine(filepath=str(tmp_path / "none" / "x.glb"))
        assert "no folder" in bpy.context.window_manager.furrow_job.error
    finally:
        furrow.unregister()
        empty_scene()


@pytest.mark.parametrize("ending", ["glb", "fbx"])
def test_blenders_own_exporters_find_the_pictures(assets, tmp_path, ending):
    empty_scene()
    build_head(browed_character(assets, size=256))
    path = str(tmp_path / f"plain.{ending}")
    if ending == "glb":
        bpy.ops.export_scene.gltf(filepath=path)
    else:
        bpy.ops.export_scene.fbx(filepath=path, use_mesh_modifiers=False, path_mode="COPY", embed_textures=True)
    empty_scene()
    (bpy.ops.import_scene.gltf if ending == "glb" else bpy.ops.import_scene.fbx)(filepath=path)
    head = next(o for o in bpy.data.objects if o.type == "MESH" and o.name.startswith("Mean Head"))
    assert {k.name for k in head.data.shape_keys.key_blocks[1:]} == set(ARKIT)
    for title, picture in (("Head", "Albedo"), ("Eyes", "Eye"), ("Teeth", "Teeth"), ("Tongue", "Tongue")):
        made = next(o for o in bpy.data.objects if o.type == "MESH" and o.name.startswith(f"Mean {title}"))
        image = images_of(made)[0][0]
        assert image.name.startswith(f"Mean {picture}"), title
        assert np.array(image.pixels[:]).reshape(-1, 4)[:, :3].std() > 0.004, title


def test_ending_is_that_of_the_format():
    path = Path("/tmp/Anna v1.2.gltf")
    assert exporting.named_file(path, "FBX").name == "Anna v1.2.fbx"
    assert exporting.named_file(Path("/tmp/Anna v1.2"), "GLB").name == "Anna v1.2.glb"
