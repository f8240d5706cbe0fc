"""The fit: head shape, expression, pose and camera from landmarks, shading and matches."""
