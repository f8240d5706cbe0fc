"""Wrinkles in Blender: tension, displacement, and the mask that the artist paints."""
