"""The character as a whole: a second one, an independent one, a mended one, and its rig."""

from __future__ import annotations

import bpy

from ....core.errors import FurrowError
from ...head.belongings import stand_alone
from ...head.characters import MARKS, active_character, objects_of
from ...head.duplicate import duplicate, set_free
from ...head.repair import repair
from ...head.standing import listed, refuse
from ...names import PART
from .base import FurrowOperator, select_alone, select_head


class FURROW_OT_duplicate_character(FurrowOperator, bpy.types.Operator):
    """Makes a second character of the active one."""

    bl_idname = "furrow.duplicate_character"
    bl_label = "Duplicate Character"
    bl_description = (
        "Copy the active character beside itself, with meshes, shape keys, rig, hair, materials, images and "
        "animation of its own"
    )

    @classmethod
    def poll(cls, context):
        return context.mode == "OBJECT" and active_character(context) is not None

    def run(self, context):
        """Copy it, and make the copy active.

        Raises:
            FurrowError: it has lost its head, or is linked from another file.
        """
        made = duplicate(refuse(active_character(context)), context)
        context.scene.furrow.character = made
        select_head(context, made)
        self.report({"INFO"}, f"Made {made.name}")
        return {"FINISHED"}


class FURROW_OT_make_independent(FurrowOperator, bpy.types.Operator):
    """Gives a copy that Blender has made everything that it shares with its original."""

    bl_idname = "furrow.make_independent"
    bl_label = "Make Independent"
    bl_description = (
        "Give the copied character meshes, materials and images of its own; copied parts become a character, and get "
        "what they lack"
    )

    @classmethod
    def poll(cls, context):
        return context.mode == "OBJECT" and (context.object is not None or active_character(context) is not None)

    def run(self, context):
        """Make the active character independent, or one of the copied parts that the active object is among.

        Raises:
            FurrowError: there is nothing to make it of.
        """
        item, collection = context.object, active_character(context)
        if collection is not None:
            if not stand_alone(refuse(collection)):
                self.report({"INFO"}, f"{collection.name} shares nothing with other characters")
            return {"FINISHED"}
        if item is None or item.get(PART) not in MARKS:
            raise FurrowError("No copy of a character is active: select its head first.")
        made = set_free(item, context)
        context.scene.furrow.character = made
        self.report({"INFO"}, f"Made {made.name}")
        return {"FINISHED"}


class FURROW_OT_repair_character(FurrowOperator, bpy.types.Operator):
    """Builds again what the active character has lost."""

    bl_idname = "furrow.repair_character"
    bl_label = "Repair"
    bl_description = "Build again what the character has lost; poses, materials and other objects stay as they are"

    @classmethod
    def poll(cls, context):
        return context.mode == "OBJECT" and active_character(context) is not None

    def run(self, context):
        """Mend it.

        Raises:
            FurrowError: it is linked from another file, or the stored character is gone.
        """
        collection = active_character(context)
        gone = repair(collection, context)
        self.report({"INFO"}, f"{collection.name} has got back {listed(gone)}" if gone else "Nothing was missing")
        return {"FINISHED"}


class FURROW_OT_select_rig(FurrowOperator, bpy.types.Operator):
    """Makes the rig of the active character the only selected object."""

    bl_idname = "furrow.select_rig"
    bl_label = "Select Rig"
    bl_description = "Select the rig, which takes the whole character along when it is moved, turned or scaled"

    @classmethod
    def poll(cls, context):
        collection = active_character(context)
        return context.mode == "OBJECT" and collection is not None and objects_of(collection).armature is not None

    def run(self, context):
        """Select it alone.

        Raises:
            FurrowError: it is hidden in this view layer.
        """
        select_alone(context, objects_of(active_character(context)).armature)
        return {"FINISHED"}


CLASSES = (
    FURROW_OT_duplicate_character,
    FURROW_OT_make_independent,
    FURROW_OT_repair_character,
    FURROW_OT_select_rig,
)
