"""Skin textures: light and camera taken out, photos joined, the unseen completed."""
