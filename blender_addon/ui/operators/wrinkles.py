"""Changing a character's wrinkles: age, another layout, detail of another character, and back."""

from __future__ import annotations

import random
from pathlib import Path

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty

from ....core.character.edit import age_of_years
from ....core.errors import CharacterFileError, FurrowError
from ....core.wrinkles.coefficients import SEEDS
from ...head import character_store
from ...head.characters import active_character
from ...head.standing import check
from ...jobs import age_slider
from ...jobs.wrinkle_change import WrinkleChange
from ...names import REGIONS
from .base import FurrowOperator, has_character
from .characters import named_character
from .wrinkle_job import ChangesWrinkles


class FURROW_OT_change_wrinkles(ChangesWrinkles, bpy.types.Operator):
    """Gives a character the wrinkle maps of an age in years, of a layout, or of both."""

    bl_idname = "furrow.change_wrinkles"
    bl_label = "Change Wrinkles"
    bl_description = "Give the character the wrinkles of another age or another layout of the lines"

    character: StringProperty(description="Name of the character; empty: the active one", options={"SKIP_SAVE"})
    years: FloatProperty(name="Age", description="Years; 0 keeps the age", max=200.0, options={"SKIP_SAVE"})
    seed: IntProperty(
        name="Seed", description="Layout of the lines; -1 keeps it", default=-1, min=-1, options={"SKIP_SAVE"}
    )

    @classmethod
    def poll(cls, context):
        return context.mode in ("OBJECT", "POSE") and not context.window_manager.furrow_job.changing

    def target(self, context):
        """The named character, else the active one.

        Raises:
            FurrowError: there is none.
        """
        collection = named_character(self.character) if self.character else active_character(context)
        if collection is None:
            raise FurrowError("No character is active: select its head first.")
        return collection

    def begin(self, _context, collection):
        """Ask the worker for the maps."""
        return WrinkleChange(
            character_store.stored_bytes(collection),
            command="wrinkles",
            age=age_of_years(self.years) if self.years > 0.0 else None,
            seed=self.seed if self.seed >= 0 else None,
        )

    def done(self, collection, before):
        """Let the head's shape age with the maps if the artist wants that; forget the maps from before a swap."""
        image = collection[character_store.MAPS]
        if before is not None and collection.furrow.age_shape:
            older = image[character_store.AGE] - before[character_store.AGE]
            image[character_store.AGED_SHAPE] += older
            collection.furrow.age += older
        collection.pop(character_store.BEFORE_SWAP, None)

    def end_job(self, context, finished):
        """Leave the worker, and have the age slider show what the character has."""
        super().end_job(context, finished)
        name = self.__dict__.get("_name", self.character)
        age_slider.forget(name, self.years if finished and self.years > 0.0 else None)


class FURROW_OT_randomise_wrinkles(ChangesWrinkles, bpy.types.Operator):
    """Gives the active character another layout of its lines."""

    bl_idname = "furrow.randomise_wrinkles"
    bl_label = "Randomise Wrinkles"
    bl_description = "Another layout and other depths of the lines, of the same age; what the photo showed stays"

    def begin(self, _context, collection):
        """Ask the worker for the maps of a layout by chance."""
        data = character_store.stored_bytes(collection)
        return WrinkleChange(data, command="wrinkles", age=None, seed=random.randrange(SEEDS))

    def done(self, collection, _before):
        """Forget the maps from before detail was taken over."""
        collection.pop(character_store.BEFORE_SWAP, None)


class FURROW_OT_swap_detail(ChangesWrinkles, bpy.types.Operator):
    """Mixes the detail of another character into the active one, by the settings of its panel."""

    bl_idname = "furrow.swap_detail"
    bl_label = "Take Over Detail"
    bl_description = (
        "Mix the skin detail of the chosen character into this one; its shape stays. "
        "Repeat with another mix or other regions to adjust it"
    )

    def begin(self, _context, collection):
        """Ask the worker; a repeated swap starts from the maps before the first one.

        Raises:
            FurrowError: nothing is chosen, or the source cannot be read.
        """
        settings = collection.furrow
        if not (settings.swap_static or settings.swap_dynamic):
            raise FurrowError("Nothing is chosen: switch on Static, Dynamic or both.")
        base = character_store.BEFORE_SWAP if character_store.BEFORE_SWAP in collection else character_store.MAPS
        return WrinkleChange(
            character_store.stored_bytes(collection, base),
            source_bytes(settings),
            Path(settings.swap_file).name if settings.swap_from == "FILE" else "source",
            command="swap",
            mix=settings.swap_mix,
            regions=chosen_regions(settings),
            static=settings.swap_static,
            dynamic=settings.swap_dynamic,
        )

    def done(self, collection, before):
        """Keep the maps from before the first swap."""
        if character_store.BEFORE_SWAP not in collection and before is not None:
            collection[character_store.BEFORE_SWAP] = before


class FURROW_OT_restore_wrinkles(FurrowOperator, bpy.types.Operator):
    """Brings back the maps as they were reconstructed."""

    bl_idname = "furrow.restore_wrinkles"
    bl_label = "Restore Wrinkles"
    bl_description = "Back to the wrinkles as reconstructed: age, layout and swapped detail"

    @classmethod
    def poll(cls, context):
        return has_character(context) and not context.window_manager.furrow_job.changing

    def run(self, context):
        """Use the original maps, and take back what they aged the head's shape.

        Raises:
            FurrowError: the character holds no original maps, or is linked from another file.
        """
        collection = check(active_character(context))
        original, current = collection.get(character_store.ORIGINAL), collection.get(character_store.MAPS)
        if original is None:
            raise FurrowError(f"{collection.name} holds no original wrinkles: import its .furrow file again.")
        aged = current.get(character_store.AGED_SHAPE, 0.0) if current is not None else 0.0
        if aged:
            collection.furrow.age -= aged
        character_store.use_maps(collection, original)
        collection.pop(character_store.BEFORE_SWAP, None)
        age_slider.forget(collection.name)
        return {"FINISHED"}


def source_bytes(settings) -> bytes:
    """The .furrow bytes of the chosen source of detail.

    Raises:
        FurrowError: nothing is chosen, or the file cannot be read.
    """
    if settings.swap_from == "SCENE":
        if settings.swap_source is None:
            raise FurrowError("Choose the character to take detail from.")
        return character_store.stored_bytes(settings.swap_source)
    if not settings.swap_file:
        raise FurrowError("Choose the .furrow file to take detail from.")
    path = Path(bpy.path.abspath(settings.swap_file))
    try:
        return path.read_bytes()
    except OSError as error:
        raise CharacterFileError(f"{path} cannot be read ({error.strerror}): choose another .furrow file.") from None


def chosen_regions(settings) -> list[str] | None:
    """Names of the topology's regions that are switched on; None for all of the head.

    Raises:
        FurrowError: none is.
    """
    chosen = settings.swap_regions
    if len(chosen) == len(REGIONS):
        return None
    known = list(settings.id_data.get("furrow_regions", ()))
    members = [m for name, parts in REGIONS.items() if name in chosen for m in parts if m in known]
    if not members:
        raise FurrowError("No region is chosen: switch on at least one.")
    return members


CLASSES = (
    FURROW_OT_change_wrinkles,
    FURROW_OT_randomise_wrinkles,
    FURROW_OT_swap_detail,
    FURROW_OT_restore_wrinkles,
)
