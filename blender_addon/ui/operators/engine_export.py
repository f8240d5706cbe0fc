"""Export of the active character for game engines and other programs."""

from __future__ import annotations

from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty, IntProperty, StringProperty

from ....core.errors import FurrowError
from ...export.export_character import export_character, named_file
from ...export.settings import (
    ALEMBIC,
    FBX,
    GLTF,
    HAIR,
    MOST_LEVELS,
    NO_HAIR,
    PAINTED,
    SUFFIXES,
    TARGETS,
    UNITY,
    USD,
    ExportSettings,
    plain_name,
)
from ...head.characters import active_character
from .base import FurrowOperator, has_character

FORMATS = (
    (GLTF, "glTF (.glb)", "One file with all images; for Godot, Unity, Unreal, the web, Blender"),
    (FBX, "FBX (.fbx)", "For Unreal, Unity and most animation programs; images lie beside it"),
    (USD, "USD (.usdc)", "For film pipelines; hair stays curves, images lie beside it"),
    (ALEMBIC, "Alembic (.abc)", "Shapes at rest and hair as curves, for grooms; no bones, shape keys or images"),
)
HAIRS = (
    (HAIR, "Hair", "Hair as a mesh that follows the face; in USD and Alembic as curves"),
    (PAINTED, "Painted", "Brows painted on the skin, lashes as plates, no hair on the scalp"),
    (NO_HAIR, "None", "No brows, no lashes, no hair"),
)
TARGET_ITEMS = [(key, target.label, f"Names, axes and scale as {target.label} wants them")
                for key, target in TARGETS.items()]  # fmt: skip


class FURROW_OT_export_for_engine(FurrowOperator, bpy.types.Operator):
    """Writes a copy of the active character; the scene stays as it is, so there is nothing to undo."""

    bl_idname = "furrow.export_for_engine"
    bl_label = "Export for Engine"
    bl_description = (
        "Write the active character as glTF, FBX, USD or Alembic: all parts with 52 shape keys, bones, images and "
        "hair, and its wrinkles as maps and masks"
    )
    bl_options = {"REGISTER"}

    filepath: StringProperty(subtype="FILE_PATH")
    filter_glob: StringProperty(default=";".join(f"*{s}" for s in SUFFIXES.values()), options={"HIDDEN"})
    check_existing: BoolProperty(default=True, options={"HIDDEN"})
    format: EnumProperty(name="Format", items=FORMATS, default=GLTF)
    target: EnumProperty(name="For", items=TARGET_ITEMS, default=UNITY)
    level: IntProperty(name="Level of Detail", default=0, min=0, max=MOST_LEVELS,
                       description="How often the head is subdivided, its shape keys with it: 4,300, 17,200 or 69,000 "
                                   "faces")  # fmt: skip
    hair: EnumProperty(name="Hair", items=HAIRS, default=HAIR)
    strands: IntProperty(name="Most Strands", default=4000, min=100, max=50_000,
                         description="Of each kind of hair as a mesh; where there are more hairs, one strip stands for "
                                     "several")  # fmt: skip
    wrinkles: BoolProperty(name="Wrinkles", default=True,
                           description="Normal maps and masks of the wrinkles in motion, in a folder beside the "
                                       "file")  # fmt: skip
    wrinkle_size: EnumProperty(name="Their Size", items=[(s, s, f"{s} texels") for s in ("512", "1024", "2048")],
                               default="1024")  # fmt: skip

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def invoke(self, context, _event):
        name = plain_name(active_character(context).name, self.target)
        self.filepath = f"{name}{SUFFIXES[self.format]}"
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def check(self, _context):
        """Keep the name's ending that of the format while the file dialog is open."""
        path = Path(self.filepath)
        wanted = str(named_file(path, self.format)) if path.name else self.filepath
        changed = wanted != self.filepath
        self.filepath = wanted
        return changed

    def draw(self, _context):
        layout = self.layout
        layout.use_property_split = True
        for name in ("format", "target", "level", "hair"):
            layout.prop(self, name)
        row = layout.row()
        row.active = self.hair == HAIR and self.format in (GLTF, FBX)
        row.prop(self, "strands")
        layout.prop(self, "wrinkles")
        row = layout.row()
        row.active = self.wrinkles
        row.prop(self, "wrinkle_size")

    def run(self, context):
        """Write the files.

        Raises:
            FurrowError: no folder, a linked or incomplete character, an exporter that is off.
        """
        if not self.filepath:
            raise FurrowError("Give a file name.")
        settings = ExportSettings(
            self.format, self.target, self.level, self.hair, self.strands, self.wrinkles, int(self.wrinkle_size)
        )
        path = named_file(Path(bpy.path.abspath(self.filepath)), self.format)
        files = export_character(active_character(context), path, settings)
        self.report({"INFO"}, f"Wrote {path} ({len(files)} files)")
        return {"FINISHED"}


CLASSES = (FURROW_OT_export_for_engine,)
