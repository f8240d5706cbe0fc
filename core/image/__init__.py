"""What is done to any image: colour spaces, crops, filters."""
