"""Hair in Blender: curves that are rooted in the head and follow it."""
