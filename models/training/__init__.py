"""Trains Furrow's own networks on rendered people."""
