"""Work in other processes, and what waits for it."""
