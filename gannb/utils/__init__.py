"""What everybody may use: errors, files, keys, names, figures."""
