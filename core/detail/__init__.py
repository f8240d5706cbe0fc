"""Relief of the skin: lines found, believed, placed, measured, and split into rest and motion."""
