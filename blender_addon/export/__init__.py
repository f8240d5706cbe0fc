"""A character for game engines and other programs: a temporary copy of it, written in their formats."""
