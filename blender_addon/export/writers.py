"""Blender's exporters, called on the temporary scene alone."""

from __future__ import annotations

from pathlib import Path

import bpy

from ...core.errors import FurrowError, OutputError
from .settings import ALEMBIC, FBX, GLTF, USD, ExportSettings

ADDONS = {GLTF: ("export_scene", "gltf", "glTF 2.0 format"), FBX: ("export_scene", "fbx", "FBX format")}
BUILT_IN = {USD: ("wm", "usd_export"), ALEMBIC: ("wm", "alembic_export")}


def check_exporter(kind: str) -> None:
    """Whether Blender can write a format.

    Raises:
        FurrowError: its add-on is off, or this Blender was built without it.
    """
    module, operator = (ADDONS.get(kind) or BUILT_IN[kind])[:2]
    if operator in dir(getattr(bpy.ops, module)):
        return
    if kind in ADDONS:
        raise FurrowError(f"Blender cannot write this format now: switch the add-on {ADDONS[kind][2]!r} on in the "
                          "preferences, under Add-ons.")  # fmt: skip
    raise FurrowError("This Blender was built without that format: choose glTF or FBX.")


def write_scene(scene: bpy.types.Scene, path: Path, settings: ExportSettings) -> None:
    """Write everything in a scene to a file.

    Raises:
        OutputError: the exporter failed.
    """
    with bpy.context.temp_override(scene=scene, view_layer=scene.view_layers[0], collection=scene.collection):
        try:
            {GLTF: _gltf, FBX: _fbx, USD: _usd, ALEMBIC: _alembic}[settings.format](path, settings)
        except RuntimeError as error:
            raise OutputError(f"Blender's exporter failed: {str(error).strip().splitlines()[-1]}") from None
    if settings.format == FBX and path.is_file():
        _settle(path)
    if not path.is_file():
        raise OutputError("Blender's exporter wrote nothing: try another format, or report this.")


def _gltf(path: Path, _settings: ExportSettings) -> None:
    bpy.ops.export_scene.gltf(
        filepath=str(path), export_format="GLB", check_existing=False, use_active_scene=True, export_extras=True,
        export_animations=False, export_morph=True, export_morph_normal=False, export_skins=True,
        export_vertex_color="MATERIAL", export_try_sparse_sk=True, export_cameras=False, export_lights=False,
    )  # fmt: skip


def _fbx(path: Path, settings: ExportSettings) -> None:
    bpy.ops.export_scene.fbx(
        filepath=str(path), check_existing=False, object_types={"ARMATURE", "MESH"}, use_mesh_modifiers=False,
        mesh_smooth_type="FACE", add_leaf_bones=False, bake_anim=False, path_mode="RELATIVE",
        apply_scale_options="FBX_SCALE_NONE", use_tspace=False, colors_type="SRGB",
    )  # fmt: skip


def _usd(path: Path, settings: ExportSettings) -> None:
    options = dict(
        filepath=str(path), check_existing=False, export_animation=False, export_hair=True, export_armatures=True,
        export_shapekeys=True, export_materials=True, generate_preview_surface=True, relative_paths=True,
        convert_orientation=settings.to.y_up, export_textures_mode="KEEP", convert_world_material=False,
        evaluation_mode="VIEWPORT", export_custom_properties=True, allow_unicode=True,
    )  # fmt: skip
    known = bpy.ops.wm.usd_export.get_rna_type().properties.keys()
    bpy.ops.wm.usd_export(**{name: value for name, value in options.items() if name in known})


def _alembic(path: Path, _settings: ExportSettings) -> None:
    bpy.ops.wm.alembic_export(
        filepath=str(path), check_existing=False, start=1, end=1, export_hair=True, uvs=True, vcolors=True,
        evaluation_mode="VIEWPORT", as_background_job=False,
    )  # fmt: skip


def _settle(path: Path) -> None:
    """Have the full paths of an FBX name the folder that its images will be in, not the one they were written to.

    Strings in the file have lengths, so the name of the folder aside becomes steps that lead nowhere, as long as that.
    """
    data = path.read_bytes()
    for separator in ("/", "\\"):
        aside = f"{separator}{path.parent.name}{separator}".encode()
        inside = len(aside) - 1
        steps = f".{separator}" * (inside // 2) if inside % 2 == 0 else separator + f".{separator}" * (inside // 2)
        data = data.replace(aside, separator.encode() + steps.encode())
    path.write_bytes(data)
