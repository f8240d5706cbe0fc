"""Hair as strands: plain maps and meshes in, plain arrays out."""
