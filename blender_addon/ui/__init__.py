"""What the artist sees: properties, operators, panels."""
