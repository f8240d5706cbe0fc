"""Materials: skin with its fine skin, eyes, mouth."""
