"""Scalp hair and beards: another style, size or colour."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, FloatVectorProperty

from ....core.hair import beard_kinds
from ....core.hair.scalp import FACTORS, NONE
from ....core.hair.strands import VELLUS
from ....core.hair.styles import STYLES
from ...head.beard_choice import grow_other_beard
from ...head.characters import active_character, find_part
from ...head.hair_style import restyle
from ...head.standing import check
from ...head.vellus_choice import set_vellus
from ...names import BEARD_COLOUR, HAIR_PART, SCALP_COLOUR
from .base import FurrowOperator, has_character

STYLE_ITEMS = [(NONE, "None", "No hair on the scalp")]
STYLE_ITEMS += [(name, style.label, f"Scalp hair: {style.label}") for name, style in STYLES.items()]
BEARD_ITEMS = [
    (beard_kinds.NONE, "None", "No beard: the skin under it shows"),
    (beard_kinds.SHADOW, "Shadow", "Shaven skin that shows the roots"),
]
BEARD_ITEMS += [
    (name, kind.style.label, f"About {kind.style.lengths[2]:.0f} mm at the chin")
    for name, kind in beard_kinds.BEARDS.items()
]


class _GrownHair(FurrowOperator):
    """Mix-in: hair that grows anew, in its own colour or in another; subclasses have the other choices."""

    shown_colour = ""  # property of the head that has the colour in use
    choices: tuple[str, ...] = ()  # properties that are drawn above the colour

    change_colour: BoolProperty(name="Change Colour", description="Give the hair the colour below, without grey")
    colour: FloatVectorProperty(name="Colour", description="Mean colour of the hairs", subtype="COLOR", size=3,
                                min=0.0, max=1.0, default=(0.05, 0.03, 0.02))  # fmt: skip

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def invoke(self, context, _event):
        head = find_part(active_character(context), "head")
        if head is not None and self.shown_colour in head and not self.change_colour:
            self.colour = head[self.shown_colour]
        return self.execute(context)

    def draw(self, _context):
        layout = self.layout
        layout.use_property_split = True
        for name in (*self.choices, "change_colour"):
            layout.prop(self, name)
        row = layout.row()
        row.active = self.change_colour
        row.prop(self, "colour")

    def chosen_colour(self) -> tuple[float, ...] | None:
        """Linear, where it was asked for."""
        return tuple(self.colour) if self.change_colour else None


class FURROW_OT_hair_style(_GrownHair, bpy.types.Operator):
    bl_idname = "furrow.hair_style"
    bl_label = "Hair Style"
    bl_description = "Grow other hair on the scalp; length, volume, parting and colour can be adjusted afterwards"
    shown_colour, choices = SCALP_COLOUR, ("style", "length", "volume", "mirrored")

    style: EnumProperty(name="Style", items=STYLE_ITEMS)
    length: FloatProperty(name="Length", description="Times the length of the style", default=1.0,
                          min=FACTORS[0], max=FACTORS[1])  # fmt: skip
    volume: FloatProperty(name="Volume", description="Times the volume of the style", default=1.0,
                          min=FACTORS[0], max=FACTORS[1])  # fmt: skip
    mirrored: BoolProperty(name="Part on the Other Side", description="Parting on the character's right")

    def run(self, context):
        collection = check(active_character(context))
        restyle(collection, self.style, self.length, self.volume, self.mirrored, self.chosen_colour())
        return {"FINISHED"}


class FURROW_OT_beard(_GrownHair, bpy.types.Operator):
    bl_idname = "furrow.beard"
    bl_label = "Beard"
    bl_description = "Grow another beard; length and colour can be adjusted afterwards"
    shown_colour, choices = BEARD_COLOUR, ("kind", "length")

    kind: EnumProperty(name="Beard", items=BEARD_ITEMS)
    length: FloatProperty(name="Length", description="Times the usual length", default=1.0,
                          min=FACTORS[0], max=FACTORS[1])  # fmt: skip

    def run(self, context):
        grow_other_beard(check(active_character(context)), self.kind, self.length, self.chosen_colour())
        return {"FINISHED"}


class FURROW_OT_vellus(FurrowOperator, bpy.types.Operator):
    bl_idname = "furrow.vellus"
    bl_label = "Vellus"
    bl_description = "Give the face fine pale down that shows against the light, or take it away"

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def run(self, context):
        collection = check(active_character(context))
        set_vellus(collection, find_part(collection, HAIR_PART + VELLUS) is None)
        return {"FINISHED"}


CLASSES = (FURROW_OT_hair_style, FURROW_OT_beard, FURROW_OT_vellus)
