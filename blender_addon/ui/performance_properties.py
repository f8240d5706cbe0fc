"""What the Performance panel lets the artist choose; kept in the scene."""

from __future__ import annotations

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, IntProperty

PEOPLE = (
    ("SAME", "This Character", "The photo or clip shows the person that the character was made from"),
    ("OTHER", "Somebody Else", "Their shape is told apart from their expression first"),
)
NEUTRALS = (
    ("AUTO", "Automatic", "What the face does most of the time counts as rest; the video should not be one long smile"),
    ("FRAME", "Frame", "In this frame of the clip the face is neutral, upright and looks straight ahead"),
    ("NONE", "None", "The character's own face at rest"),
)
GAZES = (
    ("KEYS", "Shape Keys", "The eyeLook keys turn the eyes and move the lids with them"),
    ("BONES", "Bones", "The eye bones turn the eyes; the eyeLook keys stay at 0"),
)


class FurrowPerformance(bpy.types.PropertyGroup):
    """Settings of the Performance panel, for all characters of a scene."""

    person: EnumProperty(name="Shows", items=PEOPLE, description="Who is in the photo or clip")
    pose: BoolProperty(name="Head Pose", description="Turn the neck and head bones as well", default=True)
    gaze: EnumProperty(name="Gaze", items=GAZES, description="What turns the eyes")
    smooth: FloatProperty(
        name="Smooth",
        description="0: as measured, 1: very calm; blinks are kept",
        min=0.0,
        max=1.0,
        default=0.3,
        subtype="FACTOR",
    )
    neutral: EnumProperty(name="Rest", items=NEUTRALS, description="What counts as the face at rest")
    neutral_frame: IntProperty(name="Frame", description="Frame of the clip, 0 is the first", min=0)
    start: IntProperty(name="Start", description="Frame of the scene where the clip begins", default=1)
    sequence_fps: FloatProperty(
        name="Sequence Rate",
        description="Frames a second of an image sequence; a video knows its own",
        min=1.0,
        max=240.0,
        default=24.0,
    )
    fit_range: BoolProperty(
        name="Extend Scene", description="Let the scene end no earlier than the performance", default=True
    )


CLASSES = (FurrowPerformance,)


def attach() -> None:
    """Add the group to scenes."""
    bpy.types.Scene.furrow_performance = bpy.props.PointerProperty(type=FurrowPerformance)


def detach() -> None:
    """Remove what :func:`attach` added."""
    del bpy.types.Scene.furrow_performance
