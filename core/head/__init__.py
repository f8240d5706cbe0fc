"""The head model: shape, expressions, landmarks, camera, rasteriser, tension."""
