"""What files are told apart by: the endings of their names, lower case."""

from __future__ import annotations

IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp")
VIDEO_SUFFIXES = (".mp4", ".mov", ".m4v", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".mts", ".m2ts", ".ogv")
# a file of Furrow's named like another kind would be taken for it, or overwrite it
KNOWN_SUFFIXES = {".furrow", ".blend", ".json", ".obj", ".fbx", *IMAGE_SUFFIXES, *VIDEO_SUFFIXES}
