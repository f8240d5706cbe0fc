"""Files: photos, pictures and arrays, read without trusting them and written without losing anything."""
