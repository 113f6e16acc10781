"""The forms in which labelled sounds come: files in folders, arrays."""
