"""The list of characters: select one, remove one, reset one."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, StringProperty

from ....core.errors import FurrowError
from ....core.head.model import DIRECTIONS
from ...head.characters import active_character, all_characters, find_part, is_character, parts_of
from ...head.expressions import set_expression
from ...head.replace import is_edited, remove_character
from ...head.standing import EXPRESSION, SHAPE, check
from ...names import TENSION
from ...scene.modifier_inputs import default_inputs, set_input
from .base import FurrowOperator, has_character, select_alone


def named_character(name: str) -> bpy.types.Collection:
    """The character called name.

    Raises:
        FurrowError: it is gone.
    """
    collection = next((c for c in all_characters(bpy.context.scene) if c.name == name), None)
    if collection is None:
        raise FurrowError(f"There is no character {name!r} any more.")
    return collection


def same_character(name: str, uid: int) -> bpy.types.Collection:
    """The character of a session number, which survives renaming and undo; name is what it was called.

    Raises:
        FurrowError: it is gone.
    """
    collection = next((c for c in bpy.data.collections if c.session_uid == uid and is_character(c)), None)
    if collection is None:
        raise FurrowError(f"There is no character {name!r} any more: nothing was changed.")
    return collection


class FURROW_OT_select_character(FurrowOperator, bpy.types.Operator):
    """Selects the head of the character called ``name``."""

    bl_idname = "furrow.select_character"
    bl_label = "Select Character"
    bl_description = "Make this character's head the active object"

    name: StringProperty()

    @classmethod
    def poll(cls, context):
        return context.mode == "OBJECT"

    def run(self, context):
        """Select the head alone, in object mode; of a broken character another part.

        Raises:
            FurrowError: the character is gone, or hidden in this view layer.
        """
        collection = named_character(self.name)
        parts = parts_of(collection)
        select_alone(context, parts.get("head") or next(iter(parts.values())))
        context.scene.furrow.character = collection
        return {"FINISHED"}


class FURROW_OT_remove_character(FurrowOperator, bpy.types.Operator):
    """Removes the character called ``name``; asks first, and says whether it was edited by hand."""

    bl_idname = "furrow.remove_character"
    bl_label = "Remove Character"
    bl_description = "Remove this character from the scene; its .furrow file stays"

    name: StringProperty()

    @classmethod
    def poll(cls, context):
        return context.mode == "OBJECT"

    def invoke(self, context, event):
        collection = bpy.data.collections.get(self.name)
        edited = collection is not None and is_edited(collection)
        message = f"Remove {self.name}?" + (" It was edited by hand." if edited else "")
        return context.window_manager.invoke_confirm(self, event, title=self.bl_label, message=message, icon="WARNING")

    def run(self, _context):
        """Remove its objects, and data that nothing else uses.

        Raises:
            FurrowError: the character is gone.
        """
        remove_character(named_character(self.name))
        return {"FINISHED"}


class FURROW_OT_reset(FurrowOperator, bpy.types.Operator):
    """Sets what its properties name back to the reconstructed person."""

    bl_idname = "furrow.reset"
    bl_label = "Reset"
    bl_description = "Back to the reconstructed person"

    expression: BoolProperty(name="Expression", default=False)
    wrinkles: BoolProperty(name="Wrinkles", default=False)
    shape: BoolProperty(name="Head Shape", default=False)

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def run(self, context):
        """Set expression weights to 0, inputs of the wrinkle modifier to their defaults, sliders of head shape to 0.

        Raises:
            FurrowError: what is set back would not last in this file.
        """
        collection = check(active_character(context), SHAPE if self.shape else EXPRESSION)
        head = find_part(collection, "head")
        if self.expression:
            set_expression(head, {})
        modifier = head.modifiers.get(TENSION)
        if self.wrinkles and modifier is not None and modifier.node_group is not None:
            for name, value in default_inputs(modifier).items():
                set_input(modifier, name, value)
        if self.shape:
            for name in DIRECTIONS:
                setattr(collection.furrow, name, 0.0)
        return {"FINISHED"}


CLASSES = (FURROW_OT_select_character, FURROW_OT_remove_character, FURROW_OT_reset)
