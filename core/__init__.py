"""From photos to a character: rooms in one order, each of which imports only rooms above it (tests/test_rooms.py)."""
