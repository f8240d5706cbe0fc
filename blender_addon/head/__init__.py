"""Heads in Blender: built, found again, changed, replaced, posed."""
