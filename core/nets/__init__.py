"""The nets: where they run, and what they read in a photo."""
