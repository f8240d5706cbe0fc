"""Presets and the 52 expression sliders."""

from __future__ import annotations

import re

import bpy

from ...head.characters import active_character, find_part
from ...head.expressions import GROUPS, grouped_keys
from ...head.standing import EXPRESSION, may_change, moves_alone
from ..operators.expressions import LABELS
from .main import CharacterPanel, FurrowPanel

LABEL_SHARE = 0.4  # of the panel's width


def label(name: str, group: str) -> str:
    """browOuterUp of the group Brows as "Outer Up"; "Sideways" for jawLeft and jawRight without their sides."""
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    words = words[0].upper() + words[1:]
    if not name.startswith(GROUPS[group][0]) or group == "Cheeks and Nose":
        return words  # a group of several parts: the part says which
    return words.partition(" ")[2] or "Sideways"


class FURROW_PT_expression(CharacterPanel, bpy.types.Panel):
    """Presets; the sliders are in panels of their own under it."""

    bl_label = "Expression"
    bl_idname = "FURROW_PT_expression"

    def draw(self, context):
        self.layout.enabled = may_change(active_character(context), EXPRESSION)
        grid = self.layout.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
        for name, text in LABELS.items():
            grid.operator("furrow.preset", text=text).preset = name
        self.layout.prop(active_character(context).furrow, "gaze")


class _Sliders(FurrowPanel):
    """Mix-in: the sliders of one group, left and right side by side."""

    bl_parent_id = "FURROW_PT_expression"
    bl_options = {"DEFAULT_CLOSED"}
    group = ""

    def draw(self, context):
        collection = active_character(context)
        column = self.layout.column(align=True)
        column.enabled = moves_alone(collection)
        self._sides(column)
        keys = {key.name: key for key in grouped_keys(find_part(collection, "head"))[self.group]}
        for name in keys:
            stem = name.removesuffix("Left")
            pair = (name, f"{stem}Right") if name.endswith("Left") and f"{stem}Right" in keys else (name,)
            if name.endswith("Right") and f"{name.removesuffix('Right')}Left" in keys:
                continue  # drawn beside its left twin
            split = column.split(factor=LABEL_SHARE, align=True)
            split.label(text=label(stem if len(pair) == 2 else name, self.group))
            row = split.row(align=True)
            for side in pair:
                row.prop(keys[side], "value", text="", slider=True)

    def _sides(self, column) -> None:
        """Which slider of a pair is which; a slider this narrow has no room for text of its own."""
        split = column.split(factor=LABEL_SHARE, align=True)
        split.label(text="")
        row = split.row(align=True)
        for side in ("Left", "Right"):
            half = row.row()
            half.alignment = "CENTER"
            half.label(text=side)


SLIDERS = tuple(
    type(
        f"FURROW_PT_sliders_{group.split()[0].lower()}",
        (_Sliders, bpy.types.Panel),
        {
            "bl_idname": f"FURROW_PT_sliders_{group.split()[0].lower()}",
            "bl_label": group,
            "group": group,
            "bl_options": set() if group == "Brows" else {"DEFAULT_CLOSED"},
        },
    )
    for group in GROUPS
)

CLASSES = (FURROW_PT_expression, *SLIDERS)
