"""The age slider: shows the age of the maps in use, and asks for other maps once it rests.

The value is kept with the maps and not with the slider, so that undoing a change of the maps moves the slider too.
"""

from __future__ import annotations

import bpy

from ...core.character.edit import years_of_age
from ..head.character_store import AGE, MAPS

REST = 0.3  # seconds without a movement before the maps are computed
_wanted: dict[str, float] = {}  # years by character, until the maps are there


def shown_age(settings) -> float:
    """Years that the slider of a character shows."""
    collection = settings.id_data
    busy = bpy.context.window_manager.furrow_job.changing or bpy.app.timers.is_registered(_start)
    if busy and collection.name in _wanted:
        return _wanted[collection.name]
    image = collection.get(MAPS)
    return years_of_age(image[AGE] if image is not None and AGE in image else 0.0)


def ask_for_age(settings, years: float) -> None:
    """Slider moved: compute the maps soon, or at once where there is no window."""
    collection = settings.id_data
    if MAPS not in collection:
        return
    _wanted[collection.name] = years
    if bpy.app.background:
        _start()
        return
    if bpy.app.timers.is_registered(_start):
        bpy.app.timers.unregister(_start)
    bpy.app.timers.register(_start, first_interval=REST)


def forget(name: str, years: float | None = None) -> None:
    """The maps of a character are there, or cannot be had: the slider shows their age again.

    Args:
        years: forget only this wish, and keep one that was made since.
    """
    if years is None or abs(_wanted.get(name, years) - years) < 0.05:
        _wanted.pop(name, None)


def stop() -> None:
    """Drop all wishes and the timer."""
    _wanted.clear()
    if bpy.app.timers.is_registered(_start):
        bpy.app.timers.unregister(_start)


def _start() -> float | None:
    """Timer: change the age of what was asked for, one character after the other."""
    if bpy.context.window_manager.furrow_job.changing:
        return REST
    for name, years in list(_wanted.items()):
        window = bpy.context.window_manager.windows[0] if bpy.context.window_manager.windows else None
        try:
            with bpy.context.temp_override(window=window):
                how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
                bpy.ops.furrow.change_wrinkles(how, True, character=name, years=years)
        except RuntimeError:
            forget(name)  # the operator has said why, in the panel and the status bar
        if bpy.context.window_manager.furrow_job.changing:
            return REST if len(_wanted) > 1 else None
    return None
