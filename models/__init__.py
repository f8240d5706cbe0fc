"""Builds and trains what core loads: rooms in one order, as in core."""
