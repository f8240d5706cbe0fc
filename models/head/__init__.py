"""Builds the head model."""
