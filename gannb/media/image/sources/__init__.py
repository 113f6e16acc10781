"""The forms in which labelled images come: files in folders, arrays, the set that comes with the kit."""
