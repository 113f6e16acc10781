"""Statistics: arrays in, numbers out. No files, no sentences."""
