"""The style of the scalp's hair; what shows of brows and lashes; how dense, long and thick all hairs are."""

from __future__ import annotations

import bpy

from ....core.hair.strands import VELLUS
from ...hair.follow_nodes import SLIDERS
from ...head.characters import active_character, objects_of
from ...head.standing import may_change
from ...names import FOLLOW, HAIR_NAMES
from ...scene.modifier_inputs import input_property
from .main import CharacterPanel, wrapped

LABELS = {"lashes": "Lashes", "scalp": "Scalp"}


class FURROW_PT_hair(CharacterPanel, bpy.types.Panel):
    """The switch between curves and paint, and the sliders of each kind of hair."""

    bl_label = "Hair"
    bl_idname = "FURROW_PT_hair"
    bl_options = {"DEFAULT_CLOSED"}

    def draw_header(self, context):
        self.layout.prop(active_character(context).furrow, "hair", text="")

    def draw(self, context):
        layout, collection = self.layout, active_character(context)
        layout.use_property_split = True
        layout.use_property_decorate = False
        hair = objects_of(collection).hair
        layout.enabled = may_change(collection)
        layout.operator_menu_enum("furrow.hair_style", "style", text="Style of the Scalp", icon="OUTLINER_OB_CURVES")
        wrapped(layout, context, "At first a guess from the photo, which shows neither crown nor back", "INFO")
        layout.operator_menu_enum("furrow.beard", "kind", text="Beard")
        layout.operator("furrow.vellus", text="Remove Vellus" if VELLUS in hair else "Add Vellus")
        if not hair:
            wrapped(layout, context, "This character has no hair: reconstruct its photo again", "INFO")
            return
        settings = collection.furrow
        column = layout.column(heading="Instead")
        column.active = settings.hair
        column.prop(settings, "painted_brows")
        column.prop(settings, "lash_plates")
        column.prop(settings, "painted_beard")
        for group, made in hair.items():
            self._sliders(layout, context, group, made)

    def _sliders(self, layout, context, group: str, made: bpy.types.Object) -> None:
        modifier = made.modifiers.get(FOLLOW)
        if modifier is None or modifier.node_group is None:
            wrapped(layout, context, f"The modifier {FOLLOW} of {made.name} was removed", "INFO")
            return
        column = layout.column(align=True)
        column.active = not made.hide_viewport
        column.label(text=LABELS.get(group, HAIR_NAMES[group]))
        for name in SLIDERS:
            column.prop(*input_property(modifier, name), text=name)


CLASSES = (FURROW_PT_hair,)
