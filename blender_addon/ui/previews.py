"""Thumbnails of photos for the panel."""

from __future__ import annotations

import os

import bpy.utils.previews

_thumbnails: bpy.utils.previews.ImagePreviewCollection | None = None


def icon(path: str) -> int:
    """Icon id of a photo's thumbnail; 0 where there is no such file."""
    global _thumbnails
    if not os.path.isfile(path):
        return 0
    if _thumbnails is None:
        _thumbnails = bpy.utils.previews.new()
    key = f"{path}:{os.path.getmtime(path)}"
    if key not in _thumbnails:
        _thumbnails.load(key, path, "IMAGE")
    return _thumbnails[key].icon_id


def clear() -> None:
    """Free all thumbnails."""
    global _thumbnails
    if _thumbnails is not None:
        bpy.utils.previews.remove(_thumbnails)
        _thumbnails = None
