"""What each stage of a reconstruction saw, as pictures on one page."""
