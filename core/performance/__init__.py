"""Performances: expression, pose and gaze of a photo or clip, onto a character that exists."""
