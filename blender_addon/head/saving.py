"""What a saved .blend leaves out: the images of maps that only undo can bring back.

Blender does not write an unused image, but what such an image points to counts as used, and would be written each time
with the pixels of every age and resolution that was ever tried.
"""

from __future__ import annotations

import bpy
from bpy.app.handlers import persistent

from .character_store import BELONGING, unused_maps

_held: list[tuple[bpy.types.Image, str, bpy.types.Image]] = []  # image, property, what it points to


@persistent
def let_go(*_arguments) -> None:
    """Before a save: unused maps no longer hold on to other images."""
    for image in unused_maps():
        for key in BELONGING:
            if image.get(key) is not None:
                _held.append((image, key, image[key]))
                del image[key]


@persistent
def take_back(*_arguments) -> None:
    """After a save: they do again, for undo."""
    while _held:
        image, key, other = _held.pop()
        image[key] = other


_PLACES = (("save_pre", let_go), ("save_post", take_back), ("save_post_fail", take_back))


def attach() -> None:
    """Add the handlers."""
    for name, handler in _PLACES:
        getattr(bpy.app.handlers, name).append(handler)


def detach() -> None:
    """Remove what :func:`attach` added."""
    for name, handler in _PLACES:
        getattr(bpy.app.handlers, name).remove(handler)
