"""Which hair shows: curves or what stands for them (paint, lash plates), all of it hidden by one switch."""

from __future__ import annotations

from collections.abc import Iterable

import bpy

from ...core.hair.strands import BEARD, SCALP
from .. import names


def show_hair(
    objects: Iterable[bpy.types.Object], curves: bool = True, painted: bool = False, plates: bool = False,
    painted_beard: bool = False,
) -> None:
    """Set what shows of a character's hair; brows are painted and lashes plates where their curves do not show.

    Args:
        objects: of the character; those that the artist removed are not missed.
        curves: hair as curves.
        painted: brows as paint, under any curves.
        plates: lashes as plates in the place of curves.
        painted_beard: a beard as paint in the place of curves.
    """
    parts: dict[str, bpy.types.Object] = {}
    for made in objects:
        if names.PART in made:
            parts.setdefault(made[names.PART], made)  # later ones are copies of the artist's
    brows, lashes = (parts.get(f"{names.HAIR_PART}{group}") for group in ("brows", "lashes"))
    for part, made in parts.items():
        if part.startswith(names.HAIR_PART):
            instead = (made == lashes and plates) or (part == names.HAIR_PART + BEARD and painted_beard)
            _show(made, curves and not instead)
    if "lashes" in parts:
        _show(parts["lashes"], plates or not curves or lashes is None)
    if "head" in parts:
        parts["head"][names.PAINTED_BROWS] = float(painted or not curves or brows is None)
        parts["head"][names.SCALP_SHOWS] = float(curves and names.HAIR_PART + SCALP in parts)
        beard = curves and not painted_beard
        parts["head"][names.PAINTED_BEARD], parts["head"][names.BEARD_SHOWS] = float(not beard), float(beard)
        parts["head"].update_tag()


def _show(made: bpy.types.Object, visible: bool) -> None:
    made.hide_viewport = made.hide_render = not visible
