"""The add-on: what Blender shows and keeps; rooms in one order, as in core."""
