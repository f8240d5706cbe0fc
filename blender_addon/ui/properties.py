"""Properties that the panel shows: photos and choices of a scene, head shape of a character, state of the job."""

from __future__ import annotations

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ...core.character.edit import OLDEST, YOUNGEST
from ...core.character.resize import SIZES
from ...core.head.model import DIRECTIONS
from ..head.characters import active_character, is_character
from ..head.gaze import CHOICES, apply_gaze
from ..head.hair_choice import show_chosen_hair
from ..head.head_shape import apply_directions
from ..head.standing import EXPRESSION, check, may_change
from ..jobs.age_slider import ask_for_age, shown_age
from ..names import REGIONS


class FurrowPhoto(bpy.types.PropertyGroup):
    """One line of the list of photos."""

    filepath: StringProperty(name="Photo", subtype="FILE_PATH")


def _is_character(_settings, collection) -> bool:
    return is_character(collection)


class FurrowScene(bpy.types.PropertyGroup):
    """Settings of the reconstruction, and the character that is active where no head is selected."""

    photos: CollectionProperty(type=FurrowPhoto)
    active_photo: IntProperty(name="Active Photo", min=0)
    character_name: StringProperty(name="Name", description="Name of the character; empty: the photo's name")
    choose_face: BoolProperty(
        name="Choose Face", description="Take a given face of a photo with several; else the largest is taken"
    )
    face: IntProperty(name="Face", min=0, max=99, description="0 is the largest face, 1 the next smaller one")
    map_size: EnumProperty(
        name="Maps",
        items=(
            ("AUTO", "From Photo", "As wide as the sharpest photo fills"),
            *((str(size), str(size), f"{size} x {size} texels") for size in SIZES),
        ),
        description="Resolution of colour, roughness and displacement",
    )
    replace: BoolProperty(
        name="Replace Active Character",
        description="Remove the active character once the new one is there; asks first. Off: both stay",
    )
    character: PointerProperty(type=bpy.types.Collection, poll=_is_character)


def _shape_changed(self, _context) -> None:
    if may_change(self.id_data):
        apply_directions(check(self.id_data), [getattr(self, name) for name in DIRECTIONS])


def _direction(name: str, description: str, low: float) -> FloatProperty:
    return FloatProperty(
        name=name, description=description, min=-2.0, max=2.0, soft_min=low, soft_max=1.0, update=_shape_changed
    )


def _hair_changed(self, _context) -> None:
    if may_change(self.id_data):
        show_chosen_hair(self.id_data)


def _gaze_changed(self, _context) -> None:
    if may_change(self.id_data, EXPRESSION):
        apply_gaze(check(self.id_data, EXPRESSION), self.gaze)


def _years(get, set) -> FloatProperty:
    return FloatProperty(
        name="Age",
        description="Years: how many lines there are and how deep they have become",
        min=YOUNGEST,
        max=OLDEST,
        precision=0,
        step=100,
        get=get,
        set=set,
    )


def _is_other_character(settings, collection) -> bool:
    return is_character(collection) and collection != settings.id_data


_REGION_ITEMS = tuple((name, name, f"Take over detail of the region {name}") for name in REGIONS)


class FurrowCharacter(bpy.types.PropertyGroup):
    """What the panels change of one character: head shape, hair, age, and where detail is taken from."""

    age: _direction("Age", "Younger or older features", -1.0)
    gender: _direction("Gender", "Feminine or masculine features", -1.0)
    weight: _direction("Weight", "Leaner or fuller", -1.0)
    african: _direction("African", "African features", 0.0)
    asian: _direction("Asian", "Asian features", 0.0)
    caucasian: _direction("Caucasian", "Caucasian features", 0.0)

    hair: BoolProperty(
        name="Hair",
        description="Show hair as curves; off: brows are painted and lashes are plates, which is lighter",
        default=True,
        update=_hair_changed,
    )
    painted_brows: BoolProperty(
        name="Painted Brows", description="Show brows as paint on the skin, under any curves", update=_hair_changed
    )
    lash_plates: BoolProperty(
        name="Lash Plates", description="Show lashes as plates in the place of curves", update=_hair_changed
    )
    painted_beard: BoolProperty(
        name="Painted Beard", description="Show a beard as the photo painted it, in the place of curves",
        update=_hair_changed,
    )  # fmt: skip
    gaze: EnumProperty(
        name="Look", items=CHOICES, description="Where the eyes look in every expression", update=_gaze_changed
    )
    wrinkle_age: _years(shown_age, ask_for_age)
    age_shape: BoolProperty(
        name="Age Shape Too",
        default=True,
        description="Let the shape of the head grow older or younger with the age slider",
    )
    swap_from: EnumProperty(
        name="From",
        items=(
            ("SCENE", "Scene", "A character of this file"),
            ("FILE", "File", "A .furrow file"),
        ),
    )
    swap_source: PointerProperty(
        name="Source", description="Character to take detail from", type=bpy.types.Collection, poll=_is_other_character
    )
    swap_file: StringProperty(name="Source", description=".furrow file to take detail from", subtype="FILE_PATH")
    swap_mix: FloatProperty(
        name="Mix", description="0: own detail, 1: the source's", min=0.0, max=1.0, default=1.0, subtype="FACTOR"
    )
    swap_regions: EnumProperty(
        name="Regions",
        description="Where detail is taken over; all: the whole head",
        options={"ENUM_FLAG"},
        items=_REGION_ITEMS,
        default={name for name, *_ in _REGION_ITEMS},
    )
    swap_static: BoolProperty(name="Static", description="Wrinkles that show at rest", default=True)
    swap_dynamic: BoolProperty(name="Dynamic", description="Wrinkles that come and go with the expression")


def _age_of_active(_settings) -> float:
    collection = active_character(bpy.context)
    return YOUNGEST if collection is None else shown_age(collection.furrow)


def _ask_for_age_of_active(_settings, years: float) -> None:
    collection = active_character(bpy.context)
    if collection is not None:
        ask_for_age(collection.furrow, years)


class FurrowJob(bpy.types.PropertyGroup):
    """State of the running reconstruction; lives in the window manager, so undo leaves it alone.

    The panel shows ``age`` rather than the character's own property: a slider of the window manager makes no undo step,
    so that one undo takes back the new maps.
    """

    age: _years(_age_of_active, _ask_for_age_of_active)

    running: BoolProperty()
    changing: BoolProperty()  # the wrinkles of a character, by another worker
    cancel: BoolProperty()
    fraction: FloatProperty(min=0.0, max=1.0, subtype="FACTOR")
    message: StringProperty()
    error: StringProperty()
    notes: StringProperty()


CLASSES = (FurrowPhoto, FurrowScene, FurrowCharacter, FurrowJob)
_PLACES = (
    (bpy.types.Scene, "furrow", FurrowScene),
    (bpy.types.Collection, "furrow", FurrowCharacter),
    (bpy.types.WindowManager, "furrow_job", FurrowJob),
)


def attach() -> None:
    """Add the groups to Blender's types."""
    for owner, name, group in _PLACES:
        setattr(owner, name, PointerProperty(type=group))


def detach() -> None:
    """Remove what :func:`attach` added."""
    for owner, name, _ in _PLACES:
        delattr(owner, name)
