"""Expression presets."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ....core.character.presets import PRESETS, preset_weights
from ...head.characters import active_character, find_part
from ...head.expressions import set_expression
from ...head.gaze import apply_gaze
from ...head.standing import EXPRESSION, check
from .base import FurrowOperator, has_character

LABELS = {name: name.replace("_", " ").title().replace("In The", "in") for name in PRESETS}


class FURROW_OT_preset(FurrowOperator, bpy.types.Operator):
    """Sets the 52 sliders to a preset, or to the expression of the photo."""

    bl_idname = "furrow.preset"
    bl_label = "Expression Preset"
    bl_description = "Give the face this expression"

    preset: EnumProperty(items=[(name, label, f"Expression: {label}") for name, label in LABELS.items()])

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def run(self, context):
        """Set all weights: those that the preset does not name become 0.

        Raises:
            FurrowError: the expression would not last in this file.
        """
        collection = check(active_character(context), EXPRESSION)
        photo = collection.get("furrow_photo_expression")
        photo = photo.to_dict() if photo is not None else {}
        set_expression(find_part(collection, "head"), preset_weights(self.preset, photo))
        apply_gaze(collection, collection.furrow.gaze)
        return {"FINISHED"}


CLASSES = (FURROW_OT_preset,)
