"""Plain pieces of a scene: objects, node trees, armature, shape keys, images."""
