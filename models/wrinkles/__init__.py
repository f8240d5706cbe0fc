"""Builds the wrinkle atlas and the tiles of fine skin."""
