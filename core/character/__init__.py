"""The character: one reconstructed person, its file, and what can be changed in it."""
