"""Sweeps: many studies as one graph of distinct units, and the map of what they found."""
