"""The wrinkle atlas: curves, how deep they are in one person, and the maps they add up to."""
