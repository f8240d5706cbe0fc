"""What leaves Furrow: displaced meshes, bakes, exports, previews."""
