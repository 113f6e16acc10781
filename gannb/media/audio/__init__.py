"""Sounds: clips (T,) int16 at one rate."""
