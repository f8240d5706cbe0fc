"""Working on the skin's detail: the painted mask, and the maps at another resolution."""

from __future__ import annotations

import bpy
from bpy.props import EnumProperty

from ....core.character.resize import SIZES
from ...head import character_store
from ...head.characters import active_character, find_part, has_head
from ...head.standing import check
from ...jobs.wrinkle_change import WrinkleChange
from ...wrinkles.detail_mask import add_mask, clear_mask
from .base import FurrowOperator, has_character, select_head
from .wrinkle_job import ChangesWrinkles


class FURROW_OT_paint_detail(FurrowOperator, bpy.types.Operator):
    """Turns to vertex paint, on the detail mask of the head."""

    bl_idname = "furrow.paint_detail"
    bl_label = "Paint Detail Mask"
    bl_description = (
        "Paint where wrinkles and pores show: white everything, black nothing; red alone static, green alone dynamic, "
        "blue alone pores. Made on first use"
    )

    @classmethod
    def poll(cls, context):
        return has_character(context)

    def run(self, context):
        """Add a white mask if there is none, and paint on it.

        Raises:
            FurrowError: the head is hidden in this view layer, or linked from another file.
        """
        add_mask(select_head(context, check(active_character(context))).data)
        bpy.ops.object.mode_set(mode="VERTEX_PAINT")
        return {"FINISHED"}


class FURROW_OT_clear_detail_mask(FurrowOperator, bpy.types.Operator):
    """Makes the detail mask white."""

    bl_idname = "furrow.clear_detail_mask"
    bl_label = "Clear Mask"
    bl_description = "Show all wrinkles and pores again: the mask becomes white"

    @classmethod
    def poll(cls, context):
        return context.mode in ("OBJECT", "POSE", "PAINT_VERTEX") and has_head(active_character(context))

    def run(self, context):
        """Show all detail again; without a mask there is nothing to do.

        Raises:
            FurrowError: the head is linked from another file.
        """
        clear_mask(find_part(check(active_character(context)), "head").data)
        return {"FINISHED"}


class FURROW_OT_resize_maps(ChangesWrinkles, bpy.types.Operator):
    """Has the worker make all maps at another size, in texels."""

    bl_idname = "furrow.resize_maps"
    bl_label = "Bake Again"
    bl_description = (
        "All maps of the character at another resolution; lines of the atlas are drawn anew and stay sharp. "
        "More than the photo shows can only come from reconstructing it again"
    )

    size: EnumProperty(name="Resolution", items=[(str(n), f"{n}", f"{n} x {n} texels") for n in SIZES], default="2048")

    def begin(self, _context, collection):
        """Ask the worker for maps of ``size`` texels."""
        data = character_store.stored_bytes(collection)
        return WrinkleChange(data, command="resize", size=int(self.size))

    def done(self, collection, _before):
        """Forget the maps from before detail was taken over: they have another size."""
        collection.pop(character_store.BEFORE_SWAP, None)


CLASSES = (FURROW_OT_paint_detail, FURROW_OT_clear_detail_mask, FURROW_OT_resize_maps)
