"""A scene of its own for an export, with the names that the file shall have; nothing of it stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import bpy

KINDS = ("scenes", "objects", "meshes", "armatures", "materials", "images", "actions", "collections", "hair_curves",
         "shape_keys")  # fmt: skip
_REMOVABLE = tuple(kind for kind in KINDS if kind != "shape_keys")  # those go with their meshes


@contextmanager
def temporary_scene() -> Iterator[bpy.types.Scene]:
    """A new scene; when the block ends, everything that was made meanwhile is removed.

    The window shows the scene that it showed, whatever an exporter did to it, and data-blocks whose names were
    borrowed (see :func:`borrow_name`) have them back.
    """
    before = {kind: {item.as_pointer() for item in getattr(bpy.data, kind)} for kind in KINDS}
    window = bpy.context.window
    shown = window.scene if window is not None else None
    scene = bpy.data.scenes.new("Furrow Export")
    borrowed: list[tuple[bpy.types.ID, str]] = []
    _borrowed.append(borrowed)
    try:
        yield scene
    finally:
        _borrowed.pop()
        if window is not None and window.scene != shown:
            window.scene = shown
        for kind in _REMOVABLE:
            items = getattr(bpy.data, kind)
            for item in [i for i in items if i.as_pointer() not in before[kind]]:
                items.remove(item)
        for item, name in reversed(borrowed):
            item.name = name


_borrowed: list[list[tuple[bpy.types.ID, str]]] = []


def borrow_name(item: bpy.types.ID, name: str, kind: str) -> None:
    """Give a temporary data-block a name that the file shall have, also where one of the artist's has it.

    Args:
        kind: the collection of ``bpy.data`` that it is in.
    """
    holder = getattr(bpy.data, kind).get((name, None))  # of linked ones Blender keeps apart
    if holder is not None and holder != item:
        _borrowed[-1].append((holder, name))
        holder.name = f"{name[:40]} (during export)"
    item.name = name
