"""Rendered portraits of posed heads, quick and of every look."""
