"""What an artist has chosen of a character's hair: applied to its objects, and kept when the character is replaced."""

from __future__ import annotations

import bpy

from .. import names
from ..hair.follow_nodes import SLIDERS
from ..hair.showing import show_hair
from ..scene.modifier_inputs import default_inputs, get_input, set_input
from .build_head import HeadObjects
from .characters import parts_of

CHOICES = ("hair", "painted_brows", "lash_plates", "painted_beard", "gaze")  # of the panel


def show_chosen_hair(collection: bpy.types.Collection) -> None:
    """Show of a character's hair what its properties say."""
    settings = getattr(collection, "furrow", None)  # scripts use the package without the panel
    chosen = () if settings is None else (
        settings.hair, settings.painted_brows, settings.lash_plates, settings.painted_beard
    )  # fmt: skip
    show_hair(parts_of(collection).values(), *chosen)


def keep_hair(old: HeadObjects, new: HeadObjects) -> None:
    """Give a new character the choices and the sliders of an old one's hair."""
    for group in old.hair.keys() & new.hair.keys():
        keep_sliders(old.hair[group], new.hair[group])
    chosen, taken = (getattr(made.collection, "furrow", None) for made in (old, new))
    if chosen is not None:
        for name in CHOICES:
            setattr(taken, name, getattr(chosen, name))


def keep_sliders(old: bpy.types.Object, new: bpy.types.Object) -> None:
    """Set the sliders of new hair as those of old hair are, as far as that still has them."""
    before, after = (made.modifiers.get(names.FOLLOW) for made in (old, new))
    if before is not None and before.node_group is not None:
        for name in SLIDERS.keys() & default_inputs(before).keys():
            set_input(after, name, get_input(before, name))
